#pragma once

#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/planner.h"

namespace prunenet {

/// `wanda-sp`, no options: the structured form of Wanda (Sun et al. 2023) that the FLAP paper compares with (An et al.
/// 2024; CASIA-IVA-Lab/FLAP, lib/prune.py, prune_wanda_sp). Neuron i is worth
///
///   mean_j |D_ji| sqrt(E[h_i^2])   over the calibration text,
///
/// where h is what the layer sees after the layers before it have been pruned: scores depend on the ratio, and plans of
/// two ratios are not nested. All calibration tokens go through the model in one batch, layer by layer, so that memory
/// is about 4 N I floats for N tokens.
[[nodiscard]] std::unique_ptr<Planner> make_wanda_planner(const MethodOptions& options, const PlannerModel& model,
                                                          const torch::Tensor& calibration);

}  // namespace prunenet
