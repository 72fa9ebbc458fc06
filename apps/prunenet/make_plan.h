#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"
#include "prunenet/plan/plan.h"

namespace prunenet::cli {

/// How layers share what may stay.
enum class BudgetKind {
  kUniform,  ///< one width for all
  kGlobal,   ///< the policy's budget (plan/budget.h)
};

/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] BudgetKind parse_budget_kind(const std::string& name);

/// How a policy decides about a model.
struct PlanRequest {
  std::filesystem::path policy;
  double ratio = 0.0;
  BudgetKind budget = BudgetKind::kUniform;
  std::string round_to;               ///< a number or a preset; empty for the default of the width
  bool sample = false;                ///< draw from the policy in place of taking its best neurons
  std::optional<std::uint64_t> seed;  ///< of drawing
};

struct PlanFromPolicy {
  Plan plan;
  std::optional<std::uint64_t> seed;  ///< where it was drawn
};

/// Asks a policy of either kind about every layer. One of kind "prunenet" that was trained faithfully draws whether it
/// is asked to or not, by seed 0 where none is given. Throws Error(kInvalidArgument) where the policy has no budget but
/// one is asked for, Error(kMismatch) where the policy reads other features, or is of another shape or ratio, and what
/// the library functions throw.
[[nodiscard]] PlanFromPolicy make_plan(const Checkpoint& checkpoint, const Family& family, const PlanRequest& request,
                                       Progress& progress);

}  // namespace prunenet::cli
