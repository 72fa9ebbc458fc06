#include "prunenet/model/causal_lm.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/model/normalise.h"

namespace prunenet {

CausalLm CausalLm::load(const Checkpoint& checkpoint, const Family& family, Progress& progress) {
  return {family.config(), load_decoder_weights(checkpoint, family, progress)};
}

CausalLm::CausalLm(ModelConfig config, DecoderWeights weights)
    : config_(std::move(config)), weights_(std::move(weights)) {
  const torch::NoGradGuard no_grad;
  if (config_.rotary_dim > 0) {
    rotary_frequencies_ = rotary_frequencies(config_);
    window_frequencies_ = window_rotary_frequencies(config_);
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

torch::Tensor CausalLm::forward(const torch::Tensor& ids, const RowLayout& layout, const Extras& extras) const {
  RotaryAngles angles;
  RotaryAngles window_angles;
  if (config_.rotary_dim > 0) {
    angles = rotary_angles(rotary_frequencies_, layout.positions);
    window_angles = config_.window_rope_theta > 0.0 ? rotary_angles(window_frequencies_, layout.positions) : angles;
  }
  const ForwardPass pass{config_, layout, angles, window_angles, extras.cache, extras.hook};
  const auto record = [&extras](const torch::Tensor& states) {
    if (extras.layer_states != nullptr) extras.layer_states->push_back(states.clone());
  };
  torch::Tensor hidden = weights_.embedding.index_select(0, ids);
  if (config_.embedding_multiplier != 1.0) hidden = hidden * config_.embedding_multiplier;
  if (weights_.positions.defined()) {
    hidden = hidden + weights_.positions.index_select(0, layout.positions + config_.position_offset);
  }
  for (std::size_t layer = 0; layer < weights_.layers.size(); ++layer) {
    record(hidden);
    hidden = decoder_layer(pass, static_cast<std::int64_t>(layer), weights_.layers[layer], hidden);
  }
  hidden = normalise(config_, weights_.final_norm, hidden);
  record(hidden);
  return hidden;
}

torch::Tensor CausalLm::logits(const torch::Tensor& ids, const FfnHook& hook) const {
  return logits_of(final_states(ids, hook), logits_);
}

torch::Tensor CausalLm::final_states(const torch::Tensor& ids, const FfnHook& hook) const {
  check_ids(ids, 2);
  check_length(ids.size(1));
  const torch::Tensor states = forward(ids.flatten(), uniform_layout(ids.size(0), ids.size(1), 0), {.hook = &hook});
  return states.view({ids.size(0), ids.size(1), -1});
}

torch::Tensor CausalLm::token_nll(const torch::Tensor& ids, const FfnHook& hook) const {
  check_ids(ids, 2);
  const std::int64_t batch = ids.size(0);
  const std::int64_t tokens = ids.size(1) - 1;
  if (tokens < 1) {
    throw Error(ErrorKind::kInvalidArgument, "a likelihood needs sequences of at least 2 tokens, and these have 1");
  }
  check_length(tokens);
  const torch::Tensor inputs = ids.narrow(1, 0, tokens).flatten();
  const torch::Tensor targets = ids.narrow(1, 1, tokens).flatten();
  const torch::Tensor states = forward(inputs, uniform_layout(batch, tokens, 0), {.hook = &hook});
  return token_loss(states, logits_, targets).view({batch, tokens});
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
  return logits_of(states.view({batch, tokens, -1}).select(1, tokens - 1), logits_);
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
  return token_loss(states, logits_, targets);
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
