#include "prunenet/model/decoder_layer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "prunenet/core/error.h"
#include "prunenet/model/attention.h"

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

/// hidden + x W^T + b
torch::Tensor add_linear(torch::Tensor hidden, const torch::Tensor& x, const torch::Tensor& weight,
                         const torch::Tensor& bias) {
  if (at::GradMode::is_enabled()) return hidden + at::linear(x, weight, bias);
  hidden.addmm_(x, weight.t());
  return bias.defined() ? hidden.add_(bias) : hidden;
}

/// Each segment over its own keys: q [N, H, c], k and v [N, K, c] -> [N, H c].
torch::Tensor attend_segments(const RowLayout& layout, const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v) {
  const torch::Tensor out = torch::empty({q.size(0), q.size(1), q.size(2)});
  for (const Segment& segment : layout.segments) {
    torch::Tensor keys = k.slice(0, segment.begin, segment.end);
    torch::Tensor values = v.slice(0, segment.begin, segment.end);
    if (segment.parent >= 0) {
      const Segment& parent = layout.segments[static_cast<std::size_t>(segment.parent)];
      keys = torch::cat({k.slice(0, parent.begin, parent.end), keys});
      values = torch::cat({v.slice(0, parent.begin, parent.end), values});
    }
    attend_blocked(q.slice(0, segment.begin, segment.end).transpose(0, 1), keys.transpose(0, 1), values.transpose(0, 1),
                   out.slice(0, segment.begin, segment.end).transpose(0, 1));
  }
  return out.flatten(1);
}

/// B sequences of one length, with or without a cache: q [N, H, c], k and v [N, K, c] -> [N, H c].
torch::Tensor attend_batch(const ForwardPass& pass, std::int64_t layer, const torch::Tensor& q, const torch::Tensor& k,
                           const torch::Tensor& v) {
  const std::int64_t batch = pass.layout.batch;
  const auto by_sequence = [batch](const torch::Tensor& rows) {
    return rows.view({batch, -1, rows.size(1), rows.size(2)}).transpose(1, 2);
  };
  const torch::Tensor queries = by_sequence(q);
  torch::Tensor keys = by_sequence(k);
  torch::Tensor values = by_sequence(v);
  if (pass.cache != nullptr) std::tie(keys, values) = pass.cache->append(layer, keys, values);
  if (at::GradMode::is_enabled() || queries.size(2) == 1) {
    return attend(queries, keys, values).transpose(1, 2).reshape({q.size(0), -1});
  }
  const torch::Tensor out = torch::empty({batch, queries.size(2), q.size(1), q.size(2)});
  for (std::int64_t row = 0; row < batch; ++row) {
    attend_blocked(queries[row], keys[row], values[row], out[row].transpose(0, 1));
  }
  return out.view({q.size(0), -1});
}

/// qkv: [N, (H + 2K) c] -> [N, H c]
torch::Tensor attention(const ForwardPass& pass, std::int64_t layer, const torch::Tensor& qkv) {
  const std::int64_t heads = pass.config.num_attention_heads;
  const std::int64_t kv_heads = pass.config.num_key_value_heads;
  const torch::Tensor all = qkv.view({qkv.size(0), heads + 2 * kv_heads, pass.config.head_dim});
  const torch::Tensor rotated = rotate(all.narrow(1, 0, heads + kv_heads), pass.angles);
  const torch::Tensor q = rotated.narrow(1, 0, heads);
  const torch::Tensor k = rotated.narrow(1, heads, kv_heads);
  const torch::Tensor v = all.narrow(1, heads + kv_heads, kv_heads);
  return pass.layout.batch > 0 ? attend_batch(pass, layer, q, k, v) : attend_segments(pass.layout, q, k, v);
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
torch::Tensor intermediate(const ForwardPass& pass, const DecoderLayerWeights& weights, const torch::Tensor& x) {
  const torch::Tensor gate_up = at::linear(x, weights.gate_up, weights.gate_up_bias);
  const std::int64_t width = gate_up.size(1) / 2;
  torch::Tensor h = activate(pass.config.activation, gate_up.narrow(1, 0, width));
  const torch::Tensor up = gate_up.narrow(1, width, width);
  return at::GradMode::is_enabled() ? h * up : h.mul_(up);
}

}  // namespace

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& gain, double eps) {
  const torch::Tensor inverse_rms = x.square().mean(-1, true).add_(eps).rsqrt_();
  return (x * inverse_rms) * gain;
}

torch::Tensor decoder_layer(const ForwardPass& pass, std::int64_t layer, const DecoderLayerWeights& weights,
                            torch::Tensor hidden) {
  const double eps = pass.config.rms_norm_eps;
  const torch::Tensor qkv = at::linear(rms_norm(hidden, weights.attention_norm, eps), weights.qkv, weights.qkv_bias);
  hidden = add_linear(hidden, attention(pass, layer, qkv), weights.o_proj, weights.o_bias);
  const torch::Tensor x = rms_norm(hidden, weights.ffn_norm, eps);
  torch::Tensor h = intermediate(pass, weights, x);
  if (pass.hook != nullptr && *pass.hook) h = apply_hook(*pass.hook, {layer, hidden, x, h});
  return add_linear(hidden, h, weights.down, weights.down_bias);
}

}  // namespace prunenet
