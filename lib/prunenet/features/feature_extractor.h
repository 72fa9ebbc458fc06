#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/weight_source.h"

namespace prunenet {

/// Names of the features, in the order of the columns; the same for every model.
[[nodiscard]] const std::vector<std::string>& feature_names();

/// Called with each layer's features (I x F) in order; the extractor keeps none of them.
using FeatureConsumer = std::function<void(std::int64_t layer, const MatrixF& features)>;

/// Features of every intermediate neuron from the weights alone, layer by layer; one layer's weights are in memory at a
/// time. Deterministic. Throws Error(kNumerical) naming layer and feature where one is not finite, and what the source
/// throws.
void extract_features(const WeightSource& weights, const FeatureConsumer& consumer, Progress& progress);

}  // namespace prunenet
