#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "model/tiny_models.h"
#include "prunenet/baselines/planner.h"

namespace prunenet::testing {

/// A model with everything that a planner looks at.
struct LoadedModel {
  explicit LoadedModel(const char* tiny = "llama-grouped-tied") : LoadedModel(tiny_model_directory(tiny)) {}
  explicit LoadedModel(const std::filesystem::path& directory)
      : checkpoint(Checkpoint::open(directory)),
        family(make_family(checkpoint)),
        network(CausalLm::load(checkpoint, *family, silent)) {}

  [[nodiscard]] std::unique_ptr<Planner> planner(const nlohmann::json& options,
                                                 const torch::Tensor& calibration = {}) const {
    return make_planner(options, {checkpoint, *family, network}, calibration);
  }
  [[nodiscard]] Plan plan(const nlohmann::json& options, const torch::Tensor& calibration, double ratio,
                          std::uint64_t seed = 0) {
    return planner(options, calibration)->select(ratio, 1, seed, silent).plan;
  }
  [[nodiscard]] const DecoderLayerWeights& layer(std::size_t index) const { return network.weights().layers[index]; }

  SilentProgress silent;
  Checkpoint checkpoint;
  std::unique_ptr<Family> family;
  CausalLm network;
};

/// The activations h of every layer over all tokens of ids, [N, I] float64 each.
inline std::vector<torch::Tensor> all_activations(const CausalLm& network, const torch::Tensor& ids) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> activations;
  (void)network.final_states(ids, [&activations](const FfnActivations& at) {
    activations.push_back(at.h.to(torch::kFloat64, false, true));
    return at.h;
  });
  return activations;
}

/// Indices of the `count` largest by a full sort.
inline std::vector<std::int64_t> largest(const std::vector<double>& scores, std::size_t count) {
  std::vector<std::int64_t> order(scores.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  std::ranges::stable_sort(order, std::greater<>(),
                           [&scores](std::int64_t i) { return scores[static_cast<std::size_t>(i)]; });
  order.resize(count);
  std::ranges::sort(order);
  return order;
}

}  // namespace prunenet::testing
