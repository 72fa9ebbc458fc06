#include "prunenet/features/value_output.h"

namespace prunenet {

MatrixD output_of_value_heads(const AttentionWeights& weights, const ModelConfig& config) {
  const std::int64_t c = config.head_dim;
  const std::int64_t queries_per_value = config.num_attention_heads / config.num_key_value_heads;
  MatrixD output = MatrixD::Zero(weights.o.weight.rows(), config.num_key_value_heads * c);
  for (std::int64_t head = 0; head < config.num_attention_heads; ++head) {
    output.middleCols(head / queries_per_value * c, c) += weights.o.weight.middleCols(head * c, c).cast<double>();
  }
  return output;
}

}  // namespace prunenet
