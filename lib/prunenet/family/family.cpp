#include "prunenet/family/family.h"

#include <fmt/format.h>

#include <algorithm>

#include "prunenet/core/error.h"
#include "prunenet/family/linear_reader.h"

namespace prunenet {

LinearPlace Family::output_projection() const {
  const LinearPlace reduction = output_reduction();
  return whole_linear(config_.tie_word_embeddings ? embedding() : output_matrix(), output_bias(), config_.vocab_size,
                      reduction.exists() ? reduction.outputs : config_.hidden_size);
}

std::int64_t Family::word_size() const {
  const LinearPlace projection = embedding_projection();
  return projection.exists() ? projection.inputs : config_.hidden_size;
}

void require_one_width(const ModelConfig& config) {
  if (config.layer_widths.empty()) return;
  throw Error(
      ErrorKind::kUnsupported,
      fmt::format("the model's layers have {} to {} neurons: it has been pruned with a width for each layer, and can "
                  "be run, but not pruned or learned from again",
                  std::ranges::min(config.layer_widths), std::ranges::max(config.layer_widths)));
}

MatrixF read_weight(const Checkpoint& checkpoint, const LinearPlace& place) {
  using Side = LinearReader::Side;  // along the rows of the tensor
  return LinearReader(checkpoint, place, place.transposed ? Side::kInputs : Side::kOutputs)
      .read(0, place.transposed ? place.inputs : place.outputs);
}

VectorF read_bias(const Checkpoint& checkpoint, const LinearPlace& place) {
  if (place.bias.empty()) return {};
  const MatrixF stored = checkpoint.read_matrix(place.bias, 1, place.stored_outputs);
  VectorF bias(place.outputs);
  for (std::int64_t row = 0; row < place.outputs; ++row) bias(row) = stored(0, place.pattern.stored(row));
  return bias;
}

NormWeights read_norm(const Checkpoint& checkpoint, const Family& family, const NormPlace& place) {
  if (!place.exists()) return {};
  NormWeights weights;
  weights.gain = checkpoint.read_matrix(place.gain, 1, place.size).row(0).transpose();
  weights.gain.array() += static_cast<float>(family.config().norm_gain_offset);
  if (!place.bias.empty()) weights.bias = checkpoint.read_matrix(place.bias, 1, place.size).row(0).transpose();
  return weights;
}

FfnWeights read_ffn(const Checkpoint& checkpoint, const Family& family, std::int64_t layer) {
  const FfnBlock block = family.ffn_block(layer);
  FfnWeights weights;
  if (block.gate.exists()) weights.gate = read_weight(checkpoint, block.gate);
  weights.up = read_weight(checkpoint, block.up);
  weights.down = read_weight(checkpoint, block.down);
  return weights;
}

std::int64_t multiply_accumulates(const Family& family, std::span<const std::int64_t> widths) {
  std::int64_t count = family.embedding_projection().weights() + family.output_reduction().weights() +
                       family.output_projection().weights();
  for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
    const AttentionBlock attention = family.attention_block(layer);
    const FfnBlock ffn = family.ffn_block(layer);
    for (const LinearPlace& place : {attention.q, attention.k, attention.v, attention.o}) count += place.weights();
    count += widths[static_cast<std::size_t>(layer)] * (ffn.gate.inputs + ffn.up.inputs + ffn.down.outputs);
  }
  return count;
}

std::int64_t parameters_per_neuron(const FfnBlock& block) {
  std::int64_t count = block.down.outputs;
  for (const LinearPlace& place : {block.gate, block.up}) {
    if (place.exists()) count += place.inputs + (place.bias.empty() ? 0 : 1);
  }
  return count;
}

}  // namespace prunenet
