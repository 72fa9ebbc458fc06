#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "prunenet/baselines/planner.h"

namespace prunenet {

/// One score a neuron, larger stays: a layer, I of them.
using NeuronScores = std::vector<std::vector<float>>;

/// scores [I] of one layer, of any floating type.
[[nodiscard]] std::vector<float> to_scores(const torch::Tensor& scores);

/// A method that gives every neuron a score that does not depend on the ratio: plans are of uniform width and nested.
/// Scores are computed once, or once a seed where they depend on it.
class ScorePlanner : public Planner {
 public:
  /// source: what the plans say of their making.
  ScorePlanner(std::string source, DataUse data, bool uses_seed)
      : source_(std::move(source)), data_(data), uses_seed_(uses_seed) {}

  [[nodiscard]] DataUse data_use() const override { return data_; }
  [[nodiscard]] bool uses_seed() const override { return uses_seed_; }
  [[nodiscard]] Selection select(double ratio, std::int64_t round_to, std::uint64_t seed, Progress& progress) override;

 protected:
  /// Scores of all layers, [layers][I]; `seed` counts only where the method uses it.
  [[nodiscard]] virtual NeuronScores score(std::uint64_t seed, Progress& progress) = 0;

 private:
  std::string source_;
  DataUse data_;
  bool uses_seed_;
  NeuronScores scores_;
  std::optional<std::uint64_t> scored_seed_;
};

}  // namespace prunenet
