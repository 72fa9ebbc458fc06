#include "prunenet/model/layer_pass.h"

#include <algorithm>
#include <vector>

#include "prunenet/model/batches.h"
#include "prunenet/model/causal_lm.h"

namespace prunenet {

namespace {

/// Reports the tokens of a pass as they go through layers: all are done behind the last one.
class TokensThroughLayers {
 public:
  TokensThroughLayers(std::int64_t layers, Progress& progress) : layers_(layers), progress_(progress) {}

  void through_a_layer(std::int64_t tokens) {
    const std::int64_t before = passed_ / layers_;
    passed_ += tokens;
    progress_.advance(static_cast<std::uint64_t>(passed_ / layers_ - before));
  }

 private:
  std::int64_t layers_;
  Progress& progress_;
  std::int64_t passed_ = 0;  ///< tokens times layers
};

}  // namespace

TokenBatch sequence_batch(const torch::Tensor& ids) {
  return {ids.flatten(), uniform_layout(ids.size(0), ids.size(1), 0)};
}

TokenBatch packed_batch(const torch::Tensor& ids, std::span<const Segment> segments) {
  return {ids, packed_layout(segments, ids.size(0))};
}

std::vector<torch::Tensor> CausalLm::states_by_layer(std::span<const TokenBatch> batches, const LayerPass& pass,
                                                     Progress& progress) const {
  const torch::NoGradGuard no_grad;
  std::vector<Positions> positions;
  std::vector<torch::Tensor> states;
  for (const TokenBatch& batch : batches) {
    check_ids(batch.ids, 1);
    check_length(batch.layout.positions.max().item<std::int64_t>() + 1);
    positions.push_back(positions_of(batch.layout));
    states.push_back(embed(batch.ids, positions.back()));
  }
  TokensThroughLayers tokens(config_.num_hidden_layers, progress);
  for (std::int64_t layer = 0; layer < config_.num_hidden_layers; ++layer) {
    const DecoderLayerWeights weights = layers_->layer(layer);
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const FfnHook see = [&pass, i](const FfnActivations& at) {
        pass.see(i, at);
        return at.h;
      };
      const ForwardPass forward{config_, batches[i].layout,        positions[i].angles, positions[i].window_angles,
                                nullptr, pass.see ? &see : nullptr};
      states[i] = decoder_layer(forward, layer, weights, states[i]);
      tokens.through_a_layer(batches[i].ids.size(0));
    }
    if (pass.finish) pass.finish(layer, weights);
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
