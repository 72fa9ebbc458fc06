#pragma once

#include "prunenet/baselines/planner.h"
#include "prunenet/model/causal_lm.h"

namespace prunenet {

/// The network without the neurons that a selection removes, in memory: rows of gate and up and columns of down are
/// gathered, `down_bias` is added (to a projection without bias too), everything else shares the dense model's storage.
/// Layers may have different widths, and none at all: such a layer adds its down bias, if it has one, and nothing else.
/// `config().intermediate_size` is then the widest layer's.
///
/// Computes what the checkpoint computes that `prune_checkpoint` writes from the same selection in float32.
/// Throws Error(kMismatch) where plan or biases are not this model's, Error(kInvalidArgument) for an index outside
/// [0, I).
[[nodiscard]] CausalLm pruned_network(const CausalLm& dense, const Selection& selection);

}  // namespace prunenet
