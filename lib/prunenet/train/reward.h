#pragma once

#include <memory>

#include "prunenet/family/family.h"
#include "prunenet/probe/probe.h"
#include "prunenet/train/keep_set_distortion.h"
#include "prunenet/train/recipe.h"

namespace prunenet {

/// The distortion of one block that `options` names. Response operators need exact moments, except for `schatten2`,
/// which takes sketches too; weight operators need none. Throws Error(kUnsupported) where exact moments are missing.
[[nodiscard]] std::unique_ptr<KeepSetDistortion> make_distortion(const RewardOptions& options,
                                                                 const FfnWeights& weights,
                                                                 const ResponseMoments& moments);

}  // namespace prunenet
