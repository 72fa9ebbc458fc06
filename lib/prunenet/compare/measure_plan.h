#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"
#include "prunenet/plan/plan.h"
#include "prunenet/probe/probe.h"

namespace prunenet {

/// What a plan does to the spectra of a model's blocks.
struct PlanMeasurement {
  /// By name ("ks of gate"), one number a layer: 0 where everything stays, and where the operator is all zeros and has
  /// nothing to lose.
  nlohmann::json distortion;
  /// Singular values of the response of the middle layer: {layer, dense, pruned}, descending; null without exact
  /// moments.
  nlohmann::json spectrum;
};

/// `names`: "<distortion> of <operator>". Those of the response that need exact moments are left out where the probe
/// holds packed ones. moments: one entry a layer. Layers of a plan may be empty. Throws what the spectral module
/// throws, naming the layer.
[[nodiscard]] PlanMeasurement measure_plan(const Checkpoint& checkpoint, const Family& family, const Plan& plan,
                                           const std::vector<ResponseMoments>& moments,
                                           const std::vector<std::string>& names, Progress& progress);

}  // namespace prunenet
