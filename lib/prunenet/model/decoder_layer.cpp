#include "prunenet/model/decoder_layer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/model/attention.h"
#include "prunenet/model/ffn_branch.h"
#include "prunenet/model/linear_map.h"
#include "prunenet/model/normalise.h"

namespace prunenet {

namespace {

torch::Tensor activate(Activation activation, const torch::Tensor& x) {
  switch (activation) {
    case Activation::kGelu:
      return at::gelu(x, "none");
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kRelu:
      return at::relu(x);
    case Activation::kSilu:
      break;
  }
  return at::silu(x);
}

/// hidden + what a block writes: m (x W^T + b), with the block's post norm where it has one. `see`, where not empty,
/// sees x W^T + b.
torch::Tensor add_branch(const ModelConfig& config, const torch::Tensor& hidden, const torch::Tensor& x,
                         const torch::Tensor& weight, const torch::Tensor& bias, const NormTensors& post_norm,
                         const std::function<void(const torch::Tensor&)>& see = {}) {
  const bool plain =
      !see && config.residual_multiplier == 1.0 && (!post_norm.gain.defined() || config.post_norm_on_stream);
  if (plain && !at::GradMode::is_enabled() && weight.scalar_type() == hidden.scalar_type()) {
    hidden.addmm_(x, weight.t());
    if (bias.defined()) hidden.add_(bias);
    return config.post_norm_on_stream ? normalise(config, post_norm, hidden) : hidden;
  }
  const torch::Tensor written = linear_map(x, weight, bias);
  if (see) see(written);
  if (config.post_norm_on_stream) {
    return normalise(config, post_norm, hidden + written * config.residual_multiplier);
  }
  return hidden + normalise(config, post_norm, written) * config.residual_multiplier;
}

/// Each segment over its own keys: q [N, H, c], k and v [N, K, c] -> [N, H c].
torch::Tensor attend_segments(const RowLayout& layout, const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v, const AttentionRule& rule) {
  const torch::Tensor out = torch::empty({q.size(0), q.size(1), q.size(2)}, q.options());
  for (const Segment& segment : layout.segments) {
    torch::Tensor keys = k.slice(0, segment.begin, segment.end);
    torch::Tensor values = v.slice(0, segment.begin, segment.end);
    if (segment.parent >= 0) {
      const Segment& parent = layout.segments[static_cast<std::size_t>(segment.parent)];
      keys = torch::cat({k.slice(0, parent.begin, parent.end), keys});
      values = torch::cat({v.slice(0, parent.begin, parent.end), values});
    }
    attend_blocked(q.slice(0, segment.begin, segment.end).transpose(0, 1), keys.transpose(0, 1), values.transpose(0, 1),
                   rule, out.slice(0, segment.begin, segment.end).transpose(0, 1));
  }
  return out.flatten(1);
}

/// B sequences of one length, with or without a cache: q [N, H, c], k and v [N, K, c] -> [N, H c].
torch::Tensor attend_batch(const ForwardPass& pass, std::int64_t layer, const torch::Tensor& q, const torch::Tensor& k,
                           const torch::Tensor& v, const AttentionRule& rule) {
  const std::int64_t batch = pass.layout.batch;
  const auto by_sequence = [batch](const torch::Tensor& rows) {
    return rows.view({batch, -1, rows.size(1), rows.size(2)}).transpose(1, 2);
  };
  const torch::Tensor queries = by_sequence(q);
  torch::Tensor keys = by_sequence(k);
  torch::Tensor values = by_sequence(v);
  if (pass.cache != nullptr) std::tie(keys, values) = pass.cache->append(layer, keys, values);
  if (at::GradMode::is_enabled() || queries.size(2) == 1) {
    return attend(queries, keys, values, rule).transpose(1, 2).reshape({q.size(0), -1});
  }
  const torch::Tensor out = torch::empty({batch, queries.size(2), q.size(1), q.size(2)}, q.options());
  for (std::int64_t row = 0; row < batch; ++row) {
    attend_blocked(queries[row], keys[row], values[row], rule, out[row].transpose(0, 1));
  }
  return out.view({q.size(0), -1});
}

AttentionRule rule_of(const ModelConfig& config, std::int64_t layer, torch::ScalarType products) {
  const double scale =
      config.attention_scale > 0.0 ? config.attention_scale : 1.0 / std::sqrt(static_cast<double>(config.head_dim));
  return {
      .scale = scale, .softcap = config.attention_softcap, .products = products, .window = window_of(config, layer)};
}

/// Heads [N, H, c], each normalised on its own or all of a row at once, as the norm's size says.
torch::Tensor normalised_heads(const ModelConfig& config, const NormTensors& norm, const torch::Tensor& heads) {
  if (!norm.gain.defined()) return heads;
  if (norm.gain.size(0) == heads.size(2)) return normalise(config, norm, heads);
  return normalise(config, norm, heads.flatten(1)).view(heads.sizes());
}

/// qkv: [N, (H + 2K) c] -> [N, H c]
torch::Tensor attention(const ForwardPass& pass, std::int64_t layer, const DecoderLayerWeights& weights,
                        const torch::Tensor& qkv) {
  const ModelConfig& config = pass.config;
  const std::int64_t heads = config.num_attention_heads;
  const std::int64_t kv_heads = config.num_key_value_heads;
  const torch::Tensor all = qkv.view({qkv.size(0), heads + 2 * kv_heads, config.head_dim});
  const torch::Tensor v = all.narrow(1, heads + kv_heads, kv_heads);
  torch::Tensor queries_keys = all.narrow(1, 0, heads + kv_heads);
  if (weights.q_norm.gain.defined()) {
    queries_keys = torch::cat({normalised_heads(config, weights.q_norm, all.narrow(1, 0, heads)),
                               normalised_heads(config, weights.k_norm, all.narrow(1, heads, kv_heads))},
                              1);
  }
  const AttentionRule rule = rule_of(config, layer, weights.qkv.scalar_type());
  if (config.rotary_dim > 0) queries_keys = rotate(queries_keys, rule.window > 0 ? pass.window_angles : pass.angles);
  const torch::Tensor q = queries_keys.narrow(1, 0, heads);
  const torch::Tensor k = queries_keys.narrow(1, heads, kv_heads);
  return pass.layout.batch > 0 ? attend_batch(pass, layer, q, k, v, rule) : attend_segments(pass.layout, q, k, v, rule);
}

torch::Tensor apply_hook(const FfnHook& hook, const FfnActivations& activations) {
  torch::Tensor replacement = hook(activations);
  if (!replacement.defined() || replacement.sizes() != activations.h.sizes()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("the FFN hook returned shape [{}] at layer {}; it must return that of h, [{}]",
                            replacement.defined() ? fmt::format("{}", fmt::join(replacement.sizes(), ", ")) : "none",
                            activations.layer, fmt::join(activations.h.sizes(), ", ")));
  }
  return replacement;
}

/// x: [N, d] -> h: [N, I]
torch::Tensor intermediate(const ModelConfig& config, const DecoderLayerWeights& weights, const torch::Tensor& x) {
  const torch::Tensor gate_up = linear_map(x, weights.gate_up, weights.gate_up_bias);
  if (!config.gated) return activate(config.activation, gate_up);
  const std::int64_t width = gate_up.size(1) / 2;
  torch::Tensor h = activate(config.activation, gate_up.narrow(1, 0, width));
  const torch::Tensor up = gate_up.narrow(1, width, width);
  return at::GradMode::is_enabled() ? h * up : h.mul_(up);
}

/// The FFN's h for the stream `residual`, after the hook.
torch::Tensor response(const ForwardPass& pass, std::int64_t layer, const DecoderLayerWeights& weights,
                       const torch::Tensor& residual) {
  const torch::Tensor x = normalise(pass.config, weights.ffn_norm, residual);
  torch::Tensor h = intermediate(pass.config, weights, x);
  return pass.hook != nullptr && *pass.hook ? apply_hook(*pass.hook, {layer, residual, x, h}) : h;
}

}  // namespace

torch::Tensor add_ffn(const ModelConfig& config, const DecoderLayerWeights& weights, const torch::Tensor& residual,
                      const torch::Tensor& h) {
  return add_branch(config, residual.clone(), h, weights.down, weights.down_bias, weights.ffn_post_norm);
}

FfnBranch ffn_branch(const ForwardPass& pass, std::int64_t layer, const DecoderLayerWeights& weights,
                     torch::Tensor hidden) {
  const ModelConfig& config = pass.config;
  const torch::Tensor qkv =
      linear_map(normalise(config, weights.attention_norm, hidden), weights.qkv, weights.qkv_bias);
  const torch::Tensor mixed = attention(pass, layer, weights, qkv);
  torch::Tensor h;
  if (config.parallel_blocks) h = response(pass, layer, weights, hidden);  // before attention writes to the stream
  hidden = add_branch(config, hidden, mixed, weights.o_proj, weights.o_bias, weights.attention_post_norm);
  if (!config.parallel_blocks) h = response(pass, layer, weights, hidden);
  return {hidden, h};
}

torch::Tensor decoder_layer(const ForwardPass& pass, std::int64_t layer, const DecoderLayerWeights& weights,
                            torch::Tensor hidden) {
  const FfnBranch ffn = ffn_branch(pass, layer, weights, std::move(hidden));
  std::function<void(const torch::Tensor&)> see;
  if (pass.output_hook != nullptr && *pass.output_hook) {
    see = [&pass, layer](const torch::Tensor& y) { (*pass.output_hook)(layer, y); };
  }
  return add_branch(pass.config, ffn.stream, ffn.h, weights.down, weights.down_bias, weights.ffn_post_norm, see);
}

}  // namespace prunenet
