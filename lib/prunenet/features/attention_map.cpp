#include "prunenet/features/attention_map.h"

#include <utility>

namespace prunenet {

namespace {

MatrixD output_of_value_heads(const MatrixF& output, const ModelConfig& config) {
  const std::int64_t c = config.head_dim;
  const std::int64_t queries_per_value = config.num_attention_heads / config.num_key_value_heads;
  MatrixD of_values = MatrixD::Zero(output.rows(), config.num_key_value_heads * c);
  for (std::int64_t head = 0; head < config.num_attention_heads; ++head) {
    of_values.middleCols(head / queries_per_value * c, c) += output.middleCols(head * c, c).cast<double>();
  }
  return of_values;
}

}  // namespace

AttentionMap make_attention_map(AttentionWeights weights, const ModelConfig& config) {
  AttentionMap map{.norm = to_double(weights.norm),
                   .values = to_double(std::exchange(weights.v, {})),
                   .output = {},
                   .post_norm = to_double(weights.post_norm)};
  map.output = {output_of_value_heads(weights.o.weight, config), weights.o.bias.cast<double>()};
  return map;
}

}  // namespace prunenet
