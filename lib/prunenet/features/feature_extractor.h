#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/weight_source.h"
#include "prunenet/features/feature_group.h"

namespace prunenet {

/// Names of the built-in features, in the order of the columns; the same for every model.
[[nodiscard]] const std::vector<std::string>& feature_names();

/// Those of these groups, as they compute them of a model of one layer with four neurons. Throws
/// Error(kInvalidArgument) for a name that two columns have, and what the groups throw.
[[nodiscard]] std::vector<std::string> feature_names(const FeatureRegistry& features);

/// Called with each layer's features (I x F) in order; the extractor keeps none of them.
using FeatureConsumer = std::function<void(std::int64_t layer, const MatrixF& features)>;

/// Features of every intermediate neuron from the weights alone, layer by layer; of an FFN block, some neurons at a
/// time. Deterministic.
///
/// All features are finite. Neurons, matrices, gains and embedding rows of zeros are legal (see `safe_log`); so are
/// equal neurons, and layers of a single one. Throws Error(kNumerical) naming layer, matrix, row and column of a weight
/// that is NaN, infinite, or above 1e8 in magnitude; Error(kNumerical) naming layer and feature, or layer and block,
/// where one comes to be not finite; Error(kInvalidArgument) naming layer and column where a group gives a layer other
/// columns than `feature_names` says; and what groups and source throw.
void extract_features(const WeightSource& source, const FeatureConsumer& consumer, Progress& progress,
                      const FeatureRegistry& features = built_in_features());

}  // namespace prunenet
