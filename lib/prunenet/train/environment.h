#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// Rewards of M keep-sets and of all their single swaps.
struct SwapRewards {
  std::vector<double> distortions;  ///< M
  torch::Tensor advantages;         ///< float64 [M, I], where the rankings are: reward with neuron i minus without it
};

/// What the policy acts on: layers with features, and the distortion that a keep-set causes in one of them.
/// A state is a layer, an action is a keep-set, the reward is -log(distortion). Implementations are deterministic.
class Environment {
 public:
  virtual ~Environment() = default;
  [[nodiscard]] virtual std::int64_t num_layers() const = 0;
  /// Features of a layer's neurons, float [I, F]; rankings are given on their device.
  [[nodiscard]] virtual const torch::Tensor& features(std::int64_t layer) const = 0;
  /// Spectral distortion on the training probe of keeping the first `kept` entries of each ranking.
  /// rankings: int64 [M, I]; returns M values: 0, where nothing is lost, counts as 1e-12, and
  /// `schatten2` may be above 1 where removed neurons cancelled kept ones.
  [[nodiscard]] virtual std::vector<double> distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                        std::int64_t kept) const = 0;
  /// Also what each neuron adds: a kept neuron's counterfactual has the first removed one, rankings[m][kept], in its
  /// place; a removed neuron's takes the place of the last kept one, rankings[m][kept - 1].
  /// Throws Error(kUnsupported) where the distortion has no cheap swaps.
  [[nodiscard]] virtual SwapRewards swap_rewards(std::int64_t layer, const torch::Tensor& rankings,
                                                 std::int64_t kept) const = 0;
  /// `distortions` on the held-out probe (other sampled sequences), which only chooses among policies.
  [[nodiscard]] virtual std::vector<double> held_out_distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                                 std::int64_t kept) const = 0;
};

}  // namespace prunenet
