#pragma once

#include <cstdint>

namespace prunenet {

/// How a policy of the PruneNet paper's form is trained. Defaults are those of its public code
/// (LCS2-IIITD/PruneNet, experiments/trainable_activation_sparsity.py).
struct PrunenetOptions {
  double ratio = 0.3;           ///< share of neurons that the policy learns to remove; one policy a ratio
  std::int64_t episodes = 20;   ///< keep-sets drawn a layer
  double learning_rate = 1e-3;  ///< AdamW, constant
  double weight_decay = 0.01;   ///< PyTorch's default, which that code leaves as it is
  double discount = 0.99;       ///< layer l's reward counts discount^l
  double gradient_clip = 1.0;   ///< largest norm of a step's gradient; without effect where `faithful`
  bool faithful = true;         ///< with the published code's defects; false: corrected (docs/method.md)
  std::uint64_t seed = 0;
};

/// Throws Error(kInvalidArgument) naming the field, its value and its range.
void check(const PrunenetOptions& options);

}  // namespace prunenet
