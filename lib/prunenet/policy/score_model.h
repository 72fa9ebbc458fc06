#pragma once

#include <span>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/family/weight_source.h"
#include "prunenet/policy/policy.h"

namespace prunenet {

/// What a policy says of every intermediate neuron of a model, from its weights alone: a score each, larger stays;
/// [layers][I].
///
/// policies: one; or n of a cross-validation over layers, and layer l is asked of policies[l mod n] (see
/// TrainOptions::folds). Features are extracted once, layer by layer. Throws what `check_features` and
/// `extract_features` throw.
[[nodiscard]] std::vector<std::vector<float>> score_model(std::span<Policy> policies, const WeightSource& weights,
                                                          Progress& progress);

/// The same of features [layers][I x F] that were extracted before.
[[nodiscard]] std::vector<std::vector<float>> score_features(std::span<Policy> policies,
                                                             const std::vector<MatrixF>& features);

}  // namespace prunenet
