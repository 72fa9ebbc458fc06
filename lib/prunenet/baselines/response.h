#pragma once

#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/planner.h"

namespace prunenet {

/// `response`: energy of what a neuron writes, K_ii = E[h_i^2] ||d_i||^2, over text that the model samples from itself:
/// no outside data, but a probe at the time of pruning. Option `probe`: fields of ProbeOptions (`tokens`, ...); of
/// these, `held_out_tokens` and `exact_width` do not matter here. The probe is sampled once a seed.
[[nodiscard]] std::unique_ptr<Planner> make_response_planner(const MethodOptions& options, const PlannerModel& model,
                                                             const torch::Tensor& calibration);

}  // namespace prunenet
