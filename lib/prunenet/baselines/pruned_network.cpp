#include "prunenet/baselines/pruned_network.h"

#include <fmt/format.h>

#include <algorithm>

#include "prunenet/core/error.h"

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

/// Only the rows or columns of `keep`.
void prune_layer(DecoderLayerWeights& layer, const std::vector<std::int64_t>& keep, std::int64_t neurons) {
  const torch::Tensor kept = torch::tensor(keep, torch::kInt64).to(layer.down.device());
  layer.gate_up = ffn_rows(layer).index_select(1, kept).flatten(0, 1);
  if (layer.gate_up_bias.defined()) {
    layer.gate_up_bias = layer.gate_up_bias.view({-1, neurons}).index_select(1, kept).flatten();
  }
  layer.down = layer.down.index_select(1, kept);
}

torch::Tensor plus(const torch::Tensor& bias, const VectorF& shift, torch::Device device) {
  const torch::Tensor added = torch::empty({shift.size()});
  std::copy_n(shift.data(), shift.size(), added.data_ptr<float>());
  return bias.defined() ? bias + added.to(device) : added.to(device);
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
    prune_layer(weights.layers[layer], keep, dense.config().intermediate_size);
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
