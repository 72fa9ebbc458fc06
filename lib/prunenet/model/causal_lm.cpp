#include "prunenet/model/causal_lm.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "prunenet/core/available_memory.h"
#include "prunenet/core/error.h"
#include "prunenet/model/normalise.h"
#include "prunenet/model/streamed_layers.h"

namespace prunenet {

namespace {

/// All tensors as floats.
void check_memory(const Checkpoint& checkpoint, const LoadOptions& options) {
  require_memory(
      checkpoint.parameters() * sizeof(float),
      options.available_bytes ? *options.available_bytes : available_memory_bytes(),
      fmt::format("{}: a model of {} parameters in float32", checkpoint.directory().string(), checkpoint.parameters()),
      options.when_too_large);
}

}  // namespace

CausalLm CausalLm::load(const Checkpoint& checkpoint, const Family& family, Progress& progress,
                        const LoadOptions& options) {
  if (!options.stream && options.device.is_cpu()) check_memory(checkpoint, options);
  const auto layers = static_cast<std::uint64_t>(options.stream ? 0 : family.config().num_hidden_layers);
  progress.begin("loading", "layers", layers);
  DecoderWeights weights = load_outer_weights(checkpoint, family, options.device);
  if (options.stream) {
    return {family.config(), std::move(weights), std::make_shared<StreamedLayers>(checkpoint, family, options.device)};
  }
  for (std::uint64_t layer = 0; layer < layers; ++layer) {
    weights.layers.push_back(load_decoder_layer(checkpoint, family, static_cast<std::int64_t>(layer), options.device));
    progress.advance(1);
  }
  return {family.config(), std::move(weights)};
}

CausalLm::CausalLm(ModelConfig config, DecoderWeights weights) : CausalLm(std::move(config), std::move(weights), {}) {}

CausalLm::CausalLm(ModelConfig config, DecoderWeights outer, std::shared_ptr<const LayerStore> layers)
    : config_(std::move(config)),
      weights_(std::move(outer)),
      layers_(std::move(layers)),
      streamed_(layers_ != nullptr) {
  const torch::NoGradGuard no_grad;
  if (!streamed_) layers_ = std::make_shared<ResidentLayers>(weights_.layers);
  if (config_.rotary_dim > 0) {
    rotary_frequencies_ = rotary_frequencies(config_).to(device());
    window_frequencies_ = window_rotary_frequencies(config_).to(device());
  }
  logits_ = {weights_.output_projection, weights_.output_bias, config_.logit_divisor, config_.logit_softcap};
}

void CausalLm::check_ids(const torch::Tensor& ids, std::int64_t rank) const {
  if (!ids.defined() || ids.scalar_type() != torch::kInt64 || ids.dim() != rank || ids.numel() == 0) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("token ids must be a tensor of int64 of rank {} that is not empty", rank));
  }
  const auto low = ids.min().item<std::int64_t>();
  const auto high = ids.max().item<std::int64_t>();
  if (low < 0 || high >= config_.vocab_size) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("token id {} is outside the model's vocabulary of {}; model and tokenizer do not belong "
                            "together",
                            low < 0 ? low : high, config_.vocab_size));
  }
}

void CausalLm::check_length(std::int64_t tokens) const {
  if (tokens > config_.max_position_embeddings) {
    throw Error(
        ErrorKind::kInvalidArgument,
        fmt::format("a sequence of {} tokens is longer than the model's max_position_embeddings, {}; shorten it",
                    tokens, config_.max_position_embeddings));
  }
}

CausalLm::Positions CausalLm::positions_of(const RowLayout& layout) const {
  Positions positions;
  positions.ids = layout.positions.to(device());
  if (config_.rotary_dim > 0) {
    positions.angles = rotary_angles(rotary_frequencies_, positions.ids);
    positions.window_angles =
        config_.window_rope_theta > 0.0 ? rotary_angles(window_frequencies_, positions.ids) : positions.angles;
  }
  return positions;
}

torch::Tensor CausalLm::embed(const torch::Tensor& ids, const Positions& positions) const {
  torch::Tensor states = weights_.embedding.index_select(0, ids.to(device()));
  if (config_.embedding_multiplier != 1.0) states = states * config_.embedding_multiplier;
  if (!weights_.positions.defined()) return states;
  return states + weights_.positions.index_select(0, positions.ids + config_.position_offset);
}

torch::Tensor CausalLm::normalised_states(const torch::Tensor& states) const {
  return normalise(config_, weights_.final_norm, states);
}

torch::Tensor CausalLm::forward(const torch::Tensor& ids, const RowLayout& layout, const Extras& extras) const {
  const Positions positions = positions_of(layout);
  const ForwardPass pass{config_,      layout,      positions.angles,  positions.window_angles,
                         extras.cache, extras.hook, extras.output_hook};
  const auto record = [&extras](const torch::Tensor& states) {
    if (extras.layer_states != nullptr) extras.layer_states->push_back(states.clone());
  };
  torch::Tensor hidden = embed(ids, positions);
  for (std::int64_t layer = 0; layer < config_.num_hidden_layers; ++layer) {
    record(hidden);
    hidden = decoder_layer(pass, layer, layers_->layer(layer), hidden);
  }
  hidden = normalised_states(hidden);
  record(hidden);
  return hidden;
}

torch::Tensor CausalLm::logits(const torch::Tensor& ids, const FfnHook& hook) const {
  return logits_of(final_states(ids, hook), logits_).cpu();
}

torch::Tensor CausalLm::final_states(const torch::Tensor& ids, const FfnHook& hook) const {
  check_ids(ids, 2);
  check_length(ids.size(1));
  const torch::Tensor states = forward(ids.flatten(), uniform_layout(ids.size(0), ids.size(1), 0), {.hook = &hook});
  return states.view({ids.size(0), ids.size(1), -1});
}

torch::Tensor CausalLm::token_nll(const torch::Tensor& ids, const FfnHook& hook,
                                  const FfnOutputHook& output_hook) const {
  check_ids(ids, 2);
  const std::int64_t batch = ids.size(0);
  const std::int64_t tokens = ids.size(1) - 1;
  if (tokens < 1) {
    throw Error(ErrorKind::kInvalidArgument, "a likelihood needs sequences of at least 2 tokens, and these have 1");
  }
  check_length(tokens);
  const torch::Tensor inputs = ids.narrow(1, 0, tokens).flatten();
  const torch::Tensor targets = ids.narrow(1, 1, tokens).flatten().to(device());
  const torch::Tensor states =
      forward(inputs, uniform_layout(batch, tokens, 0), {.hook = &hook, .output_hook = &output_hook});
  return token_loss(states, logits_, targets).view({batch, tokens}).cpu();
}

torch::Tensor CausalLm::next_logits(const torch::Tensor& ids, KvCache& cache) const {
  const torch::NoGradGuard no_grad;
  check_ids(ids, 2);
  const std::int64_t batch = ids.size(0);
  const std::int64_t tokens = ids.size(1);
  if (batch != cache.batch() || cache.length() + tokens > cache.capacity()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{} sequences of {} more tokens do not fit a cache of {} that holds {} of {} tokens", batch,
                            tokens, cache.batch(), cache.length(), cache.capacity()));
  }
  const RowLayout layout = uniform_layout(batch, tokens, cache.length());
  const torch::Tensor states = forward(ids.flatten(), layout, {.cache = &cache});
  cache.advance(tokens);
  return logits_of(states.view({batch, tokens, -1}).select(1, tokens - 1), logits_).cpu();
}

torch::Tensor CausalLm::packed_states(const torch::Tensor& ids, std::span<const Segment> segments) const {
  const torch::NoGradGuard no_grad;
  check_ids(ids, 1);
  const RowLayout layout = packed_layout(segments, ids.size(0));
  check_length(layout.positions.max().item<std::int64_t>() + 1);
  return forward(ids, layout, {});
}

torch::Tensor CausalLm::nll(const torch::Tensor& states, const torch::Tensor& targets) const {
  check_ids(targets, 1);
  if (states.dim() != 2 || states.size(0) != targets.size(0) || states.size(1) != config_.hidden_size) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("states must be [{}, {}] for {} targets", targets.size(0),
                                                         config_.hidden_size, targets.size(0)));
  }
  return token_loss(states.to(device()), logits_, targets.to(device())).cpu();
}

std::vector<torch::Tensor> CausalLm::layer_states(const torch::Tensor& ids) const {
  const torch::NoGradGuard no_grad;
  check_ids(ids, 2);
  check_length(ids.size(1));
  std::vector<torch::Tensor> states;
  (void)forward(ids.flatten(), uniform_layout(ids.size(0), ids.size(1), 0), {.layer_states = &states});
  for (torch::Tensor& state : states) state = state.view({ids.size(0), ids.size(1), -1});
  return states;
}

}  // namespace prunenet
