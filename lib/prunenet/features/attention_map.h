#pragma once

#include "prunenet/features/neuron_block.h"

namespace prunenet {

/// What an attention block writes to the stream of the values that it reads from it, in double.
struct AttentionMap {
  NormMap norm;      ///< of the stream before the block
  LinearMap values;  ///< W_v, (kv_heads * head_dim) x d
  /// W_o for value heads, d x (kv_heads * head_dim): columns of query heads that share one are summed, so that what the
  /// block writes of values v is this times v, whatever the number of query heads.
  LinearMap output;
  NormMap post_norm;  ///< of what the block writes
};

/// Takes the weights, so that floats and doubles are never in memory together whole.
[[nodiscard]] AttentionMap make_attention_map(AttentionWeights weights, const ModelConfig& config);

}  // namespace prunenet
