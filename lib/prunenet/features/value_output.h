#pragma once

#include "prunenet/family/model_config.h"
#include "prunenet/family/weight_source.h"

namespace prunenet {

/// W_o for value heads: columns of query heads that share one are summed, d x (kv_heads * head_dim), so that what a
/// block writes of values v is this times v, whatever the number of query heads.
[[nodiscard]] MatrixD output_of_value_heads(const AttentionWeights& weights, const ModelConfig& config);

}  // namespace prunenet
