#pragma once

#include "prunenet/family/family_registry.h"
#include "prunenet/features/feature_group.h"
#include "prunenet/train/reward.h"

namespace prunenet {

/// What a training is put together from: the library's, and what a program adds (docs/extend.md).
struct Registries {
  FamilyRegistry families = built_in_families();   ///< of the models
  FeatureRegistry features = built_in_features();  ///< that the policy reads
  RewardRegistry rewards = built_in_rewards();     ///< that recipes may name
};

}  // namespace prunenet
