#include "prunenet/policy/score_model.h"

namespace prunenet {

namespace {

std::vector<float> score_layer(std::span<Policy> policies, std::size_t layer, const MatrixF& features) {
  return score_neurons(policies[layer % policies.size()].network, features);
}

}  // namespace

std::vector<std::vector<float>> score_model(std::span<Policy> policies, const WeightSource& weights, Progress& progress,
                                            const FeatureRegistry& features) {
  const std::vector<std::string> names = feature_names(features);
  for (const Policy& policy : policies) check_features(policy, names);
  std::vector<std::vector<float>> scores;
  extract_features(
      weights,
      [&](std::int64_t layer, const MatrixF& values) {
        scores.push_back(score_layer(policies, static_cast<std::size_t>(layer), values));
      },
      progress, features);
  return scores;
}

std::vector<std::vector<float>> score_features(std::span<Policy> policies, const std::vector<MatrixF>& features,
                                               const std::vector<std::string>& names) {
  for (const Policy& policy : policies) check_features(policy, names);
  std::vector<std::vector<float>> scores;
  for (std::size_t layer = 0; layer < features.size(); ++layer) {
    scores.push_back(score_layer(policies, layer, features[layer]));
  }
  return scores;
}

}  // namespace prunenet
