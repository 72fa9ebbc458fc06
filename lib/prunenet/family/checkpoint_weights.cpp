#include "prunenet/family/checkpoint_weights.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "prunenet/family/linear_reader.h"

namespace prunenet {

namespace {

constexpr std::int64_t kRowsAtATime = 4096;

/// A map into neurons, some of them at a time.
class NeuronInputs {
 public:
  NeuronInputs(const Checkpoint& checkpoint, const LinearPlace& place)
      : weight_(checkpoint, place, LinearReader::Side::kOutputs), bias_(read_bias(checkpoint, place)) {}

  [[nodiscard]] LinearWeights read(std::int64_t first, std::int64_t count) const {
    return {weight_.read(first, count), bias_.size() > 0 ? VectorF(bias_.segment(first, count)) : VectorF()};
  }

 private:
  LinearReader weight_;
  VectorF bias_;
};

class CheckpointNeurons {
 public:
  CheckpointNeurons(const Checkpoint& checkpoint, const FfnBlock& block)
      : up_(checkpoint, block.up), down_(checkpoint, block.down, LinearReader::Side::kInputs) {
    if (block.gate.exists()) gate_.emplace(checkpoint, block.gate);
  }

  [[nodiscard]] NeuronWeights read(std::int64_t first, std::int64_t count) const {
    return {.gate = gate_ ? gate_->read(first, count) : LinearWeights(),
            .up = up_.read(first, count),
            .down = down_.read(first, count)};
  }

 private:
  std::optional<NeuronInputs> gate_;
  NeuronInputs up_;
  LinearReader down_;
};

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
  const auto neurons = std::make_shared<const CheckpointNeurons>(checkpoint_, block);
  return {.norm = norm(block.norm),
          .neurons = [neurons](std::int64_t first, std::int64_t count) { return neurons->read(first, count); },
          .down_bias = read_bias(checkpoint_, block.down),
          .post_norm = norm(block.post_norm)};
}

void CheckpointWeights::visit_embedding(const RowVisitor& visit) const {
  const LinearPlace projection = family_.embedding_projection();
  const MatrixF to_states = projection.exists() ? MatrixF(read_weight(checkpoint_, projection).transpose()) : MatrixF();
  const std::int64_t rows = config().vocab_size;
  const StoredMatrix embedding(checkpoint_, family_.embedding(), rows, family_.word_size(), StoredMatrix::Side::kRows);
  for (std::int64_t first = 0; first < rows; first += kRowsAtATime) {
    const MatrixF words = embedding.read(first, std::min(kRowsAtATime, rows - first));
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
