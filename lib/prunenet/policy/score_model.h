#pragma once

#include <span>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/family/weight_source.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/policy/policy.h"

namespace prunenet {

/// What a policy says of every intermediate neuron of a model, from its weights alone: a score each, larger stays;
/// [layers][I].
///
/// policies: one; or n of a cross-validation over layers, and layer l is asked of policies[l mod n] (see
/// TrainOptions::folds). `features`: those that the policies were trained on; extracted once, layer by layer. Throws
/// what `check_features` and `extract_features` throw.
[[nodiscard]] std::vector<std::vector<float>> score_model(std::span<Policy> policies, const WeightSource& weights,
                                                          Progress& progress,
                                                          const FeatureRegistry& features = built_in_features());

/// The same of features [layers][I x F] that were extracted before, with these names.
[[nodiscard]] std::vector<std::vector<float>> score_features(std::span<Policy> policies,
                                                             const std::vector<MatrixF>& features,
                                                             const std::vector<std::string>& names = feature_names());

}  // namespace prunenet
