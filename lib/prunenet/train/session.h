#pragma once

#include <filesystem>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/policy/policy.h"
#include "prunenet/train/recipe.h"

namespace prunenet {

/// Where training keeps what it needs to go on after an interruption: the probe's moments and the trainer's state.
struct TrainingFiles {
  std::filesystem::path work_directory;  ///< created; removed by the caller once the policy is saved
  bool resume = false;                   ///< go on from what lies there; otherwise what lies there is replaced
};

/// Probe, features and training on one or more models of a family: the whole of `prunenet train`.
/// Same models, recipe and threads give the same policy. Throws Error(kMismatch) where a resumed directory belongs to
/// other models or another recipe.
[[nodiscard]] Policy train_on_models(const std::vector<std::filesystem::path>& models, const Recipe& recipe,
                                     const TrainingFiles& files, Progress& progress);

}  // namespace prunenet
