#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "prunenet/baselines/planner.h"
#include "prunenet/train/registries.h"

namespace prunenet {

/// Where policies are kept, and what they are made from.
struct PolicyDirectories {
  std::filesystem::path policies;  ///< of trained ones
  std::filesystem::path shared;    ///< of probes and features, for all trainings and selections of a comparison
};

/// The planner of this project's own policies, for options
/// - `file`: a policy file; or
/// - `recipe`: an object as `prunenet train --recipe` reads it: one policy a seed is trained where there is none yet in
///   `directories.policies`, for all ratios; its seed is the cell's;
/// - `folds` (with `recipe`): that many policies, each trained without the layers l with l modulo folds = its number,
/// which
///   it then scores: tells what a policy has learnt from what it remembers;
/// - `sample`: false takes the best neurons, true draws them from the policy; `temperature` divides the scores then.
///
/// Training is resumed where it was interrupted. Throws Error(kInvalidArgument) for unknown keys, values outside their
/// range, or not exactly one of `file` and `recipe`.
[[nodiscard]] std::unique_ptr<Planner> make_policy_planner(const nlohmann::json& options, const PlannerModel& model,
                                                           const PolicyDirectories& directories,
                                                           const Registries& registries = {});

}  // namespace prunenet
