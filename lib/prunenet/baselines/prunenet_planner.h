#pragma once

#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/planner.h"

namespace prunenet {

/// `prunenet`: the published policy (A. Sengupta et al. 2025, arXiv:2501.15296; train/prunenet_trainer.h), trained at
/// `select` on the model's gate rows for that ratio and seed, as it serves no other. Options `episodes`,
/// `learning_rate`, `discount` and `faithful`, fields of PrunenetOptions.
///
/// The curve has `{step, train_reward, seconds}` an episode, the reward being the mean of 1 / KS over layers. Nothing
/// is trained where nothing is to be removed, or again for the ratio and seed of the call before.
[[nodiscard]] std::unique_ptr<Planner> make_prunenet_planner(const MethodOptions& options, const PlannerModel& model,
                                                             const torch::Tensor& calibration);

}  // namespace prunenet
