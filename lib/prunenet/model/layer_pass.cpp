#include "prunenet/model/layer_pass.h"

#include <algorithm>
#include <vector>

#include "prunenet/model/batches.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/model/tokens_through_layers.h"

namespace prunenet {

TokenBatch sequence_batch(const torch::Tensor& ids) {
  return {ids.flatten(), uniform_layout(ids.size(0), ids.size(1), 0)};
}

TokenBatch packed_batch(const torch::Tensor& ids, std::span<const Segment> segments) {
  return {ids, packed_layout(segments, ids.size(0))};
}

TextBatches batches_of_texts(std::span<const torch::Tensor> texts) {
  TextBatches all;
  for (std::size_t text = 0; text < texts.size(); ++text) {
    for (const torch::Tensor& ids : batches_of(texts[text], kTokensPerForward)) {
      all.batches.push_back(sequence_batch(ids));
      all.text_of.push_back(text);
    }
    all.tokens += texts[text].numel();
  }
  return all;
}

std::vector<torch::Tensor> CausalLm::states_by_layer(std::span<const TokenBatch> batches, const LayerPass& pass,
                                                     Progress& progress) const {
  TokensThroughLayers tokens(config_.num_hidden_layers, progress);
  const LayerStep step = [&](std::int64_t layer, const DecoderLayerWeights& weights,
                             std::span<const ForwardPass> passes, std::span<torch::Tensor> states) {
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const FfnHook see = [&pass, i](const FfnActivations& at) {
        pass.see(i, at);
        return at.h;
      };
      ForwardPass forward = passes[i];
      if (pass.see) forward.hook = &see;
      states[i] = decoder_layer(forward, layer, weights, states[i]);
      tokens.through_a_layer(batches[i].ids.size(0));
    }
    if (pass.finish) pass.finish(layer, weights);
  };
  return through_layers(batches, step);
}

std::vector<torch::Tensor> CausalLm::through_layers(std::span<const TokenBatch> batches, const LayerStep& step) const {
  const torch::NoGradGuard no_grad;
  std::vector<Positions> positions;
  std::vector<torch::Tensor> states;
  for (const TokenBatch& batch : batches) {
    check_ids(batch.ids, 1);
    check_length(batch.layout.positions.max().item<std::int64_t>() + 1);
    positions.push_back(positions_of(batch.layout));
    states.push_back(embed(batch.ids, positions.back()));
  }
  std::vector<ForwardPass> passes;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    passes.push_back({config_, batches[i].layout, positions[i].angles, positions[i].window_angles});
  }
  for (std::int64_t layer = 0; layer < config_.num_hidden_layers; ++layer) {
    step(layer, layers_->layer(layer), passes, states);
  }
  for (torch::Tensor& state : states) state = normalised_states(state);
  return states;
}

std::int64_t CausalLm::tokens_per_pass() const {
  constexpr std::int64_t kStateBytes = std::int64_t{1} << 30U;
  const std::int64_t of_a_token = config_.hidden_size * static_cast<std::int64_t>(sizeof(float));
  return streamed_ ? std::max(kTokensPerForward, kStateBytes / of_a_token) : kTokensPerForward;
}

}  // namespace prunenet
