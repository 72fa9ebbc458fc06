#pragma once

#include <string>

#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/planner.h"

namespace prunenet {

/// Euclidean norms of one layer's neurons, [I]: of the gate rows, the up rows, the down columns, or the `product` of
/// the three. Plain weights, as the published baselines take them: the gain of the norm before the block is not folded
/// in.
[[nodiscard]] torch::Tensor magnitudes(const DecoderLayerWeights& weights, const std::string& matrix);

/// `magnitude`; matrix: gate, up, down or product (default).
[[nodiscard]] std::unique_ptr<Planner> make_magnitude_planner(const MethodOptions& options, const PlannerModel& model,
                                                              const torch::Tensor& calibration);

}  // namespace prunenet
