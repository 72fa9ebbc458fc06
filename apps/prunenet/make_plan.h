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
  std::string round_to;                      ///< a number or a preset; empty for the default of the width
  std::optional<std::uint64_t> sample_seed;  ///< draw from the policy in place of taking its best neurons
};

/// Scores of the policy for every layer's features, and the plan of uniform width that follows from them.
/// Throws Error(kMismatch) where the policy reads other features, and what the library functions throw.
[[nodiscard]] Plan make_plan(const Model& model, const PlanRequest& request, Progress& progress);

}  // namespace prunenet::cli
