#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "prunenet/policy/prunenet_network.h"
#include "prunenet/train/prunenet_options.h"

namespace prunenet {

/// Rows that the published code keeps: (1 - ratio) I, rounded down. Throws Error(kInvalidArgument) where that is 0.
[[nodiscard]] std::int64_t published_kept_count(std::int64_t intermediate_size, double ratio);

/// 1 / KS; 99999 where KS is 0.
[[nodiscard]] double ks_reward(double ks);

/// discount^l times layer l's reward, and no sum over the layers behind it: what the published code does under the
/// name of discounting.
[[nodiscard]] std::vector<double> discounted(const std::vector<double>& rewards, double discount);

/// What the update of one layer is made of.
struct LayerUpdate {
  torch::Tensor rows;   ///< X, float [I, d]
  torch::Tensor kept;   ///< int64 [k], in the order in which they were drawn
  double weight = 0.0;  ///< discounted reward, or advantage
  torch::Tensor noise;  ///< float [I] in (0, 1), not that of the draw; faithful only
};

/// Loss of one layer, a scalar with gradient.
/// - Faithful: -weight * sum over kept i of log p_i, p the keep probabilities of a second pass with its own noise. That
///   is no log-probability of the keep-set, nor does it see the noise with which the set was drawn.
/// - Corrected: -weight * log P(kept), exact, of drawing `kept` in that order in proportion to exp(z) (Plackett-Luce;
///   `plackett_luce_log_probability`).
[[nodiscard]] torch::Tensor prunenet_loss(PrunenetNetwork& network, const LayerUpdate& update, bool faithful);

struct StepOutcome {
  double loss = 0.0;     ///< may be infinite or NaN where `skipped`
  bool skipped = false;  ///< loss or gradient were not finite, and no step was taken
};

/// One step of the optimizer on one layer's loss; none where the gradient is not finite, as the published code's
/// GradScaler has it on the GPU that it was written for.
/// - Faithful: the gradient is clipped once it has been used and cleared, as in the published code: to no effect.
/// - Corrected: clipped before the step.
StepOutcome prunenet_step(PrunenetNetwork& network, torch::optim::AdamW& optimizer, const LayerUpdate& update,
                          const PrunenetOptions& options);

}  // namespace prunenet
