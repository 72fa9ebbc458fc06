#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "prunenet/spectral/distortion_problem.h"
#include "prunenet/spectral/schatten2.h"
#include "prunenet/spectral/spectrum_distortion.h"
#include "prunenet/train/environment.h"

namespace prunenet {

/// Distortion of the keep-sets that rankings stand for: the bridge between the policy's tensors and the spectral
/// module. Rankings lie on the CPU, or on the device that the distortion was made for.
class KeepSetDistortion {
 public:
  virtual ~KeepSetDistortion() = default;
  /// rankings: int64 [M, I]; the first `kept` entries of each row stay. Returns M values.
  [[nodiscard]] virtual std::vector<double> operator()(const torch::Tensor& rankings, std::int64_t kept) const = 0;
  /// As Environment::swap_rewards.
  [[nodiscard]] virtual SwapRewards swaps(const torch::Tensor& rankings, std::int64_t kept) const = 0;
};

/// All samples in one quadratic form: the default reward. On the CPU, wherever the rankings are.
[[nodiscard]] std::unique_ptr<KeepSetDistortion> make_keep_set_distortion(Schatten2 schatten2);

/// 0 for every keep-set, and no neuron better than another: a block whose operator is all zeros has nothing to lose.
[[nodiscard]] std::unique_ptr<KeepSetDistortion> make_keep_set_distortion_of_nothing();

/// One decomposition a sample, in single precision: `ks`, `mirsky`, `nuclear`. On the CPU, wherever the rankings are.
[[nodiscard]] std::unique_ptr<KeepSetDistortion> make_keep_set_distortion(SpectrumDistortion distortion);

/// One keep-set at a time, in double: any distortion of any operator.
[[nodiscard]] std::unique_ptr<KeepSetDistortion> make_keep_set_distortion(DistortionProblem problem);

}  // namespace prunenet
