#pragma once

#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/planner.h"

namespace prunenet {

/// `flap`: FLAP's WIFV metric (An et al. 2024, "Fluctuation-based adaptive structured pruning for large language
/// models"; CASIA-IVA-Lab/FLAP, lib/prune.py, prune_flap) with widths that are the same in all layers (its "UL-UM").
/// Neuron i is worth
///
///   Var[h_i] ||d_i||^2   over the calibration text, activations of the dense model.
///
/// The published code accumulates its variance while it runs (lib/layerwrapper.py, BiasGPT): from N sequences with sums
/// S_k = sum_t (h_t - m_k)^2 about the mean m_k of the first k, it is sum_{k=2}^N S_k (k - 1) / k / (N - 1). The first
/// sequence does not count, and early ones count less. The plain variance is what that approximates, and is used here.
///
/// Option `bias` (false): add D_R E[h_R], what the removed neurons R wrote on average, to the down projection's bias.
/// Throws Error(kUnsupported) where the checkpoint has no such bias.
[[nodiscard]] std::unique_ptr<Planner> make_flap_planner(const MethodOptions& options, const PlannerModel& model,
                                                         const torch::Tensor& calibration);

}  // namespace prunenet
