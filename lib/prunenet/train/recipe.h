#pragma once

#include <nlohmann/json.hpp>

#include "prunenet/policy/policy_kind.h"
#include "prunenet/probe/options.h"
#include "prunenet/train/options.h"
#include "prunenet/train/prunenet_options.h"
#include "prunenet/train/reward.h"

namespace prunenet {

/// Everything that decides a policy apart from the models: what a YAML recipe holds, and what a policy file records.
struct Recipe {
  PolicyKind policy = PolicyKind::kFeatures;  ///< which of the two forms is trained
  ProbeOptions probe;                         ///< these three: of kFeatures
  RewardOptions reward;                       ///< what is learned from
  TrainOptions train;                         ///< how
  PrunenetOptions prunenet;                   ///< of kPrunenet
};

/// The key `policy`, and the sections that count for it, with one key a field: `probe`, `reward` and `train`, or
/// `prunenet`.
[[nodiscard]] nlohmann::json to_json(const Recipe& recipe);

/// Fields that are absent keep their defaults. Throws Error(kInvalidArgument) naming a key that is unknown (and those
/// that are known), of the wrong type, outside its range, or of no effect with the recipe's policy; and for a
/// `reward.distortion` that is none of `rewards`.
[[nodiscard]] Recipe recipe_from_json(const nlohmann::json& json, const RewardRegistry& rewards = built_in_rewards());

}  // namespace prunenet
