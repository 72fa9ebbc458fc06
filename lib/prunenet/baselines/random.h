#pragma once

#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/planner.h"

namespace prunenet {

/// `random`, no options: every keep-set of a layer is equally likely; those of one seed are nested over ratios.
[[nodiscard]] std::unique_ptr<Planner> make_random_planner(const MethodOptions& options, const PlannerModel& model,
                                                           const torch::Tensor& calibration);

}  // namespace prunenet
