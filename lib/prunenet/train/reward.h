#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "prunenet/core/registry.h"
#include "prunenet/family/family.h"
#include "prunenet/probe/moments.h"
#include "prunenet/spectral/spectral_operator.h"
#include "prunenet/train/keep_set_distortion.h"

namespace prunenet {

/// In which metric an error of what a block writes counts.
enum class OutputMetric {
  kOutput,  ///< its square, e^T e
  kLoss,    ///< what it costs the model's likelihood, e^T F e (probe/loss_metric.h); of the response alone
};

[[nodiscard]] std::string_view to_string(OutputMetric metric);
/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] OutputMetric parse_output_metric(std::string_view name);

/// The reward: -log of a distortion of an operator.
struct RewardOptions {
  OperatorKind operator_kind = OperatorKind::kResponse;  ///< whose distortion
  std::string distortion = "schatten2";                  ///< name in a RewardRegistry
  OutputMetric metric = OutputMetric::kOutput;           ///< of what the block writes
};

/// One FFN block, as a distortion is made for it.
struct RewardLayer {
  const RewardOptions& options;        ///< the recipe's
  const FfnWeights& weights;           ///< in the metric that `options` ask for
  const ResponseMoments& moments;      ///< of the training probe, or of the held-out one
  torch::Device device = torch::kCPU;  ///< where the policy is trained, and rankings lie
};

/// H = E[h h^T], I x I. Throws Error(kUnsupported) saying how to have it where the probe kept it packed.
[[nodiscard]] const MatrixF& exact_second_moment(const RewardLayer& layer);

/// The distortion of one block. What it makes may not refer to the layer's members.
using MakeDistortion = std::function<std::unique_ptr<KeepSetDistortion>(const RewardLayer& layer)>;

/// Distortions by the name that recipes give them:
///   RewardRegistry rewards = built_in_rewards();
///   rewards.add("mine", [](const RewardLayer& layer) { return std::make_unique<MyDistortion>(layer); });
using RewardRegistry = Registry<MakeDistortion>;

/// `ks`, `mirsky`, `nuclear` and `schatten2`: spectral/distortion.h.
[[nodiscard]] RewardRegistry built_in_rewards();

/// Throws Error(kInvalidArgument) for a distortion that is none of `rewards`, naming these, and for a metric of an
/// operator that has none.
void check(const RewardOptions& options, const RewardRegistry& rewards);

/// `weights` with R D in place of D, R^T R = F the metric (d x d) that `options` ask for; as they are where that is the
/// plain output. Throws as `metric_factor`, Error(kInvalidArgument) where F is of another size.
[[nodiscard]] FfnWeights in_metric(const RewardOptions& options, FfnWeights weights, const MatrixF& loss_metric);

/// The distortion of one block that `options` names. Of the built-in ones: response operators need exact moments,
/// except for `schatten2`, which takes packed ones too; weight operators need none. An operator of zeros (a block
/// without energy) distorts nothing. `schatten2` of the response is computed on `device`, with rankings there; from
/// packed moments, and whole spectra, and `schatten2` of weights, on the CPU from rankings anywhere. Throws as `check`,
/// Error(kUnsupported) where exact moments are missing, Error(kNumerical) for moments that are not finite, or whose
/// neurons cancel each other out to no energy at all.
[[nodiscard]] std::unique_ptr<KeepSetDistortion> make_distortion(const RewardOptions& options,
                                                                 const FfnWeights& weights,
                                                                 const ResponseMoments& moments,
                                                                 const torch::Device& device = torch::kCPU,
                                                                 const RewardRegistry& rewards = built_in_rewards());

}  // namespace prunenet
