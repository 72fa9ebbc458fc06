#include "prunenet/baselines/pruned_network.h"

#include <fmt/format.h>

#include <algorithm>

#include "prunenet/core/error.h"
#include "prunenet/model/matrix_tensor.h"

namespace prunenet {

namespace {

void check_selection(const ModelConfig& config, const Selection& selection) {
  check_plan_fits(selection.plan, config.num_hidden_layers, config.intermediate_size);
  for (const std::vector<std::int64_t>& keep : selection.plan.keep_indices) {
    for (const std::int64_t index : keep) {
      if (index >= 0 && index < config.intermediate_size) continue;
      throw Error(ErrorKind::kInvalidArgument, fmt::format("the plan keeps neuron {}, but neurons are 0 to {}", index,
                                                           config.intermediate_size - 1));
    }
  }
  const std::vector<VectorF>& biases = selection.down_bias;
  const bool biases_fit =
      biases.size() == selection.plan.keep_indices.size() &&
      std::ranges::all_of(biases, [&config](const VectorF& bias) { return bias.size() == config.hidden_size; });
  if (biases.empty() || biases_fit) return;
  throw Error(ErrorKind::kMismatch, fmt::format("down biases for {} layers do not fit a model of {} layers, each of {} "
                                                "elements",
                                                biases.size(), config.num_hidden_layers, config.hidden_size));
}

torch::Tensor plus(const torch::Tensor& bias, const VectorF& shift, torch::Device device) {
  const torch::Tensor added = tensor_of(shift).to(device);
  return bias.defined() ? bias + added : added;
}

}  // namespace

CausalLm pruned_network(const CausalLm& dense, const Selection& selection) {
  const torch::NoGradGuard no_grad;
  ModelConfig config = dense.config();
  check_selection(config, selection);
  DecoderWeights weights = dense.weights();
  std::size_t widest = 0;
  for (std::size_t layer = 0; layer < weights.layers.size(); ++layer) {
    const std::vector<std::int64_t>& keep = selection.plan.keep_indices[layer];
    weights.layers[layer] = keep_neurons(weights.layers[layer], keep);
    if (!selection.down_bias.empty()) {
      weights.layers[layer].down_bias =
          plus(weights.layers[layer].down_bias, selection.down_bias[layer], dense.device());
    }
    widest = std::max(widest, keep.size());
  }
  config.intermediate_size = static_cast<std::int64_t>(widest);
  return {std::move(config), std::move(weights)};
}

}  // namespace prunenet
