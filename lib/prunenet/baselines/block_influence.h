#pragma once

#include <vector>

#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/planner.h"

namespace prunenet {

/// How far every layer's FFN turns the residual stream, 1 - E[cos(before, after)] over the tokens of ids [B, T]: the
/// Block Influence of Men et al. 2024, "ShortGPT: layers in large language models are more redundant than you expect",
/// taken over the FFN alone where the paper takes it over a whole transformer layer.
[[nodiscard]] std::vector<double> block_influences(const CausalLm& network, const torch::Tensor& ids,
                                                   Progress& progress);

/// `block-influence`, no options: removes whole FFN blocks, those of the smallest influence first (of equal ones the
/// first), as many as bring the removed share of neurons nearest to the ratio. Layers have all neurons or none.
[[nodiscard]] std::unique_ptr<Planner> make_block_influence_planner(const MethodOptions& options,
                                                                    const PlannerModel& model,
                                                                    const torch::Tensor& calibration);

}  // namespace prunenet
