#pragma once

#include <torch/torch.h>

#include <cmath>
#include <vector>

#include "prunenet/core/rng.h"
#include "prunenet/train/environment.h"

namespace prunenet::testing {

/// Layers whose distortion is known: the removed share of independent energies e^s, where s is feature 0 and the other
/// feature is noise. The best keep-set of any size is the one with the largest feature 0.
class SyntheticEnvironment final : public Environment {
 public:
  SyntheticEnvironment(std::int64_t layers, std::int64_t neurons, std::uint64_t seed) {
    Rng rng(seed);
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      torch::Tensor features = torch::empty({neurons, 2});
      for (std::int64_t i = 0; i < features.numel(); ++i) {
        features.data_ptr<float>()[i] = static_cast<float>(rng.normal());
      }
      features_.push_back(features);
    }
  }

  [[nodiscard]] std::int64_t num_layers() const override { return static_cast<std::int64_t>(features_.size()); }
  [[nodiscard]] const torch::Tensor& features(std::int64_t layer) const override {
    return features_[static_cast<std::size_t>(layer)];
  }
  [[nodiscard]] std::vector<double> distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                std::int64_t kept) const override {
    const torch::Tensor energies = features(layer).select(1, 0).exp().to(torch::kFloat64);
    const torch::Tensor removed = rankings.narrow(1, kept, rankings.size(1) - kept);
    const torch::Tensor shares = energies.expand_as(rankings).gather(1, removed).sum(1) / energies.sum();
    return {shares.data_ptr<double>(), shares.data_ptr<double>() + shares.numel()};
  }
  [[nodiscard]] SwapRewards swap_rewards(std::int64_t layer, const torch::Tensor& rankings,
                                         std::int64_t kept) const override {
    SwapRewards rewards{distortions(layer, rankings, kept), torch::empty(rankings.sizes(), torch::kFloat64)};
    for (std::int64_t m = 0; m < rankings.size(0); ++m) {
      for (std::int64_t j = 0; j < rankings.size(1); ++j) {
        torch::Tensor other = rankings.narrow(0, m, 1).clone();
        const std::int64_t border = j < kept ? kept : kept - 1;
        other[0][j] = rankings[m][border];
        other[0][border] = rankings[m][j];
        const double gain = std::log(distortions(layer, other, kept).front()) -
                            std::log(rewards.distortions[static_cast<std::size_t>(m)]);
        rewards.advantages[m][rankings[m][j].item<std::int64_t>()] = j < kept ? gain : -gain;
      }
    }
    return rewards;
  }
  [[nodiscard]] std::vector<double> held_out_distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                         std::int64_t kept) const override {
    return distortions(layer, rankings, kept);
  }

  /// Mean reward over layers and ratios of the best keep-sets there are.
  [[nodiscard]] double best_reward(const std::vector<double>& ratios) const {
    double total = 0.0;
    for (std::int64_t layer = 0; layer < num_layers(); ++layer) {
      const torch::Tensor ranking = features(layer).select(1, 0).argsort(0, true).unsqueeze(0);
      for (const double ratio : ratios) {
        const auto kept = std::llround((1.0 - ratio) * static_cast<double>(ranking.size(1)));
        total -= std::log(distortions(layer, ranking, kept).front());
      }
    }
    return total / static_cast<double>(num_layers()) / static_cast<double>(ratios.size());
  }

 private:
  std::vector<torch::Tensor> features_;
};

}  // namespace prunenet::testing
