#pragma once

#include <filesystem>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/policy/policy.h"
#include "prunenet/train/curve_log.h"
#include "prunenet/train/recipe.h"
#include "prunenet/train/registries.h"

namespace prunenet {

/// Where training keeps what it needs to go on after an interruption, the probe's moments and the trainer's state; and
/// how the models are probed.
struct TrainingFiles {
  std::filesystem::path work_directory;  ///< created; removed by the caller once the policy is saved
  bool resume = false;                   ///< go on from what lies there; otherwise what lies there is replaced
  /// Where probes and features are kept for other trainings of the same models, and taken from where they are there;
  /// an existing directory, or empty: in the work directory, for this training alone.
  std::filesystem::path shared_directory = {};
  /// Made by `prunenet probe`: models that they are of are not probed. Their options stand for the recipe's section
  /// `probe`; their seed may be another than the training's, and decides the policy as well.
  std::vector<std::filesystem::path> probes = {};
  /// Of the models that are probed; its device also trains the policy and computes `schatten2` of the response.
  LoadOptions load = {};
  CurveLog log = {};  ///< sees the learning curve grow
};

/// Probe, features and training on one or more models of a family: the whole of `prunenet train`.
/// Same models, recipe and threads give the same policy. Throws Error(kMismatch) where a resumed directory belongs to
/// other models or another recipe, where a probe file is of none of the models (naming the digests), or two were made
/// with different options. The policy records the names of the registered features, and that of the recipe's
/// distortion: it is applied with the same ones.
[[nodiscard]] Policy train_on_models(const std::vector<std::filesystem::path>& models, const Recipe& recipe,
                                     const TrainingFiles& files, Progress& progress, const Registries& registries = {});

}  // namespace prunenet
