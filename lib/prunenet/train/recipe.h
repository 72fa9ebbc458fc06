#pragma once

#include <nlohmann/json.hpp>

#include "prunenet/probe/options.h"
#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/spectral_operator.h"
#include "prunenet/train/options.h"

namespace prunenet {

/// The reward: -log of a distortion of an operator.
struct RewardOptions {
  OperatorKind operator_kind = OperatorKind::kResponse;
  Distortion distortion = Distortion::kSchatten2;
};

/// Everything that decides a policy apart from the models: what a YAML recipe holds, and what a policy file records.
struct Recipe {
  ProbeOptions probe;
  RewardOptions reward;
  TrainOptions train;
};

/// Objects `probe`, `reward` and `train` with one key a field.
[[nodiscard]] nlohmann::json to_json(const Recipe& recipe);

/// Fields that are absent keep their defaults. Throws Error(kInvalidArgument) naming a key that is unknown (and those
/// that are known), of the wrong type, or outside its range.
[[nodiscard]] Recipe recipe_from_json(const nlohmann::json& json);

}  // namespace prunenet
