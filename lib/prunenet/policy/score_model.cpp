#include "prunenet/policy/score_model.h"

#include "prunenet/features/feature_extractor.h"

namespace prunenet {

std::vector<std::vector<float>> score_model(std::span<Policy> policies, const WeightSource& weights,
                                            Progress& progress) {
  for (const Policy& policy : policies) check_features(policy, feature_names());
  std::vector<std::vector<float>> scores;
  extract_features(
      weights,
      [&](std::int64_t layer, const MatrixF& features) {
        Policy& policy = policies[static_cast<std::size_t>(layer) % policies.size()];
        scores.push_back(score_neurons(policy.network, features));
      },
      progress);
  return scores;
}

}  // namespace prunenet
