#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
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

/// A distortion that is asked for one keep-set after the other, on the CPU, wherever the rankings are: what is least
/// work to write. Trained by the estimator `rloo`, as it has no cheap swaps.
class OneByOneDistortion : public KeepSetDistortion {
 public:
  /// name: for messages, as in recipes.
  explicit OneByOneDistortion(std::string name) : name_(std::move(name)) {}

  /// Throws Error(kNumerical) where the distortion is negative or not finite.
  [[nodiscard]] std::vector<double> operator()(const torch::Tensor& rankings, std::int64_t kept) const final;
  /// Throws Error(kUnsupported).
  [[nodiscard]] SwapRewards swaps(const torch::Tensor& rankings, std::int64_t kept) const final;

 protected:
  /// How far the block is from itself where these neurons stay (strictly ascending in [0, I), at least one): 0 where
  /// nothing is lost, and larger the more is.
  [[nodiscard]] virtual double distortion(std::span<const std::int64_t> keep_indices) const = 0;

 private:
  std::string name_;
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
