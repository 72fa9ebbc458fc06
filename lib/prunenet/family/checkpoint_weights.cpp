#include "prunenet/family/checkpoint_weights.h"

namespace prunenet {

LinearWeights CheckpointWeights::linear(const LinearPlace& place) const {
  if (!place.exists()) return {};
  return {read_weight(checkpoint_, place), read_bias(checkpoint_, place)};
}

NormWeights CheckpointWeights::norm(const NormPlace& place) const {
  return read_norm(checkpoint_, family_, place);
}

LayerWeights CheckpointWeights::layer(std::int64_t layer) const {
  const AttentionBlock attention = family_.attention_block(layer);
  const FfnBlock ffn = family_.ffn_block(layer);
  return {.attention_norm = norm(attention.norm),
          .q = linear(attention.q),
          .k = linear(attention.k),
          .v = linear(attention.v),
          .o = linear(attention.o),
          .attention_post_norm = norm(attention.post_norm),
          .ffn_norm = norm(ffn.norm),
          .gate = linear(ffn.gate),
          .up = linear(ffn.up),
          .down = linear(ffn.down),
          .ffn_post_norm = norm(ffn.post_norm)};
}

MatrixF CheckpointWeights::embedding() const {
  const LinearPlace projection = family_.embedding_projection();
  MatrixF words = checkpoint_.read_matrix(family_.embedding(), config().vocab_size, family_.word_size());
  if (!projection.exists()) return words;
  return words * read_weight(checkpoint_, projection).transpose();
}

MatrixF CheckpointWeights::output_projection() const {
  const LinearPlace reduction = family_.output_reduction();
  MatrixF words = read_weight(checkpoint_, family_.output_projection());
  if (!reduction.exists()) return words;
  return words * read_weight(checkpoint_, reduction);
}

NormWeights CheckpointWeights::final_norm() const {
  return norm(family_.final_norm());
}

}  // namespace prunenet
