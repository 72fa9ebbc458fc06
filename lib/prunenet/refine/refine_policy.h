#pragma once

#include <filesystem>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/policy/policy.h"
#include "prunenet/refine/options.h"
#include "prunenet/train/curve_log.h"
#include "prunenet/train/registries.h"

namespace prunenet {

/// What is read, and where a refinement keeps what it needs to go on after an interruption.
struct RefineFiles {
  std::vector<std::filesystem::path> models;  ///< dense models: directories or GGUF files
  std::filesystem::path policy;               ///< the policy to start from
  std::filesystem::path work_directory;       ///< created; removed by the caller once the policy is saved
  bool resume = false;                        ///< go on from what lies there; otherwise what lies there is replaced
  LoadOptions load = {};                      ///< of the models; not streamed
  CurveLog log = {};                          ///< sees the learning curve grow
};

/// Text, features and training, the whole of `prunenet refine`: the policy that was best on held-out text, with
/// `recipe.refine` and `provenance.refinement` added to what the given one says of itself. The same models, policy,
/// options and threads give the same policy. `registries`: those that the policy was trained with.
/// Throws as `load_policy` and `check_features`, Error(kMismatch) where a resumed directory belongs to other work, and
/// what RefineTrainer throws.
[[nodiscard]] Policy refine_policy(const RefineOptions& options, const RefineFiles& files, Progress& progress,
                                   const Registries& registries = {});

}  // namespace prunenet
