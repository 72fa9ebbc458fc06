#pragma once

#include <memory>

#include "prunenet/family/family.h"
#include "prunenet/probe/probe.h"
#include "prunenet/train/keep_set_distortion.h"
#include "prunenet/train/recipe.h"

namespace prunenet {

/// `weights` with R D in place of D, R^T R = F the metric (d x d) that `options` ask for; as they are where that is the
/// plain output. Throws as `metric_factor`, Error(kInvalidArgument) where F is of another size.
[[nodiscard]] FfnWeights in_metric(const RewardOptions& options, FfnWeights weights, const MatrixF& loss_metric);

/// The distortion of one block that `options` names. Response operators need exact moments, except for `schatten2`,
/// which takes packed ones too; weight operators need none. An operator of zeros (a block without energy) distorts
/// nothing. `schatten2` of the response is computed on `device`, with rankings there; from packed moments, and whole
/// spectra, and `schatten2` of weights, on the CPU from rankings anywhere. Throws Error(kUnsupported) where exact
/// moments are missing, Error(kNumerical) for moments that are not finite, or whose neurons cancel each other out to no
/// energy at all.
[[nodiscard]] std::unique_ptr<KeepSetDistortion> make_distortion(const RewardOptions& options,
                                                                 const FfnWeights& weights,
                                                                 const ResponseMoments& moments,
                                                                 const torch::Device& device = torch::kCPU);

}  // namespace prunenet
