#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "model.h"
#include "prunenet/core/progress.h"
#include "prunenet/plan/plan.h"

namespace prunenet::cli {

/// How a policy decides about a model.
struct PlanRequest {
  std::filesystem::path policy;
  double ratio = 0.0;
  std::string round_to;               ///< a number or a preset; empty for the default of the width
  bool sample = false;                ///< draw from the policy in place of taking its best neurons
  std::optional<std::uint64_t> seed;  ///< of drawing
};

struct PlanFromPolicy {
  Plan plan;
  std::optional<std::uint64_t> seed;  ///< where it was drawn
};

/// Asks a policy of either kind about every layer, for a plan of uniform width. One of kind "prunenet" that was trained
/// faithfully draws whether it is asked to or not, by seed 0 where none is given.
/// Throws Error(kMismatch) where the policy reads other features, or is of another shape or ratio, and what the
/// library functions throw.
[[nodiscard]] PlanFromPolicy make_plan(const Model& model, const PlanRequest& request, Progress& progress);

}  // namespace prunenet::cli
