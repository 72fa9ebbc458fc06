#include "prunenet/family/checkpoint_weights.h"

#include <algorithm>

namespace prunenet {

namespace {

constexpr std::int64_t kRowsAtATime = 4096;

}  // namespace

LinearWeights CheckpointWeights::linear(const LinearPlace& place) const {
  if (!place.exists()) return {};
  return {read_weight(checkpoint_, place), read_bias(checkpoint_, place)};
}

NormWeights CheckpointWeights::norm(const NormPlace& place) const {
  return read_norm(checkpoint_, family_, place);
}

AttentionWeights CheckpointWeights::attention(std::int64_t layer) const {
  const AttentionBlock block = family_.attention_block(layer);
  return {.norm = norm(block.norm), .v = linear(block.v), .o = linear(block.o), .post_norm = norm(block.post_norm)};
}

FfnBlockWeights CheckpointWeights::ffn(std::int64_t layer) const {
  const FfnBlock block = family_.ffn_block(layer);
  return {.norm = norm(block.norm),
          .gate = linear(block.gate),
          .up = linear(block.up),
          .down = linear(block.down),
          .post_norm = norm(block.post_norm)};
}

void CheckpointWeights::visit_embedding(const RowVisitor& visit) const {
  const LinearPlace projection = family_.embedding_projection();
  const MatrixF to_states = projection.exists() ? MatrixF(read_weight(checkpoint_, projection).transpose()) : MatrixF();
  const std::int64_t rows = config().vocab_size;
  const std::int64_t at_a_time = checkpoint_.is_directory() ? kRowsAtATime : rows;  // a store reads whole tensors
  for (std::int64_t first = 0; first < rows; first += at_a_time) {
    const std::int64_t count = std::min(at_a_time, rows - first);
    const MatrixF words = checkpoint_.read_rows(family_.embedding(), rows, family_.word_size(), first, count);
    visit(first, projection.exists() ? MatrixF(words * to_states) : words);
  }
}

MatrixF CheckpointWeights::embedding() const {
  MatrixF all(config().vocab_size, config().hidden_size);
  visit_embedding([&all](std::int64_t first, const MatrixF& rows) { all.middleRows(first, rows.rows()) = rows; });
  return all;
}

MatrixF CheckpointWeights::output_projection() const {
  const LinearPlace reduction = family_.output_reduction();
  MatrixF words = read_weight(checkpoint_, family_.output_projection());
  if (!reduction.exists()) return words;
  return words * read_weight(checkpoint_, reduction);
}

}  // namespace prunenet
