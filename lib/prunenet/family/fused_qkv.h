#pragma once

#include "prunenet/family/family.h"

namespace prunenet {

/// How a tensor for queries, keys and values orders its outputs.
enum class QkvOrder {
  kInTurn,   ///< all queries, then all keys, then all values
  kByGroup,  ///< for each key-value head: its query heads, its key, its value
};

/// Says which outputs of `fused` are the block's q, k and v. `fused` holds all of them, (H + 2K) head_dim.
void place_fused_qkv(const LinearPlace& fused, const ModelConfig& config, QkvOrder order, AttentionBlock& block);

}  // namespace prunenet
