#include "prunenet/family/checkpoint_weights.h"

namespace prunenet {

VectorF CheckpointWeights::gain(const std::string& name) const {
  return checkpoint_.read_matrix(name, 1, config().hidden_size).row(0).transpose();
}

LayerWeights CheckpointWeights::layer(std::int64_t layer) const {
  const ModelConfig& model = config();
  const AttentionBlockNames attention = family_.attention_block(layer);
  const FfnBlockNames ffn = family_.ffn_block(layer);
  const std::int64_t d = model.hidden_size;
  const std::int64_t heads = model.num_attention_heads * model.head_dim;
  const std::int64_t key_values = model.num_key_value_heads * model.head_dim;
  const std::int64_t neurons = model.intermediate_size;
  return {.attention_norm = gain(attention.norm),
          .q_proj = checkpoint_.read_matrix(attention.q_proj, heads, d),
          .k_proj = checkpoint_.read_matrix(attention.k_proj, key_values, d),
          .v_proj = checkpoint_.read_matrix(attention.v_proj, key_values, d),
          .o_proj = checkpoint_.read_matrix(attention.o_proj, d, heads),
          .ffn_norm = gain(ffn.norm),
          .gate = checkpoint_.read_matrix(ffn.gate_proj, neurons, d),
          .up = checkpoint_.read_matrix(ffn.up_proj, neurons, d),
          .down = checkpoint_.read_matrix(ffn.down_proj, d, neurons)};
}

MatrixF CheckpointWeights::embedding() const {
  return checkpoint_.read_matrix(family_.embedding(), config().vocab_size, config().hidden_size);
}

MatrixF CheckpointWeights::output_projection() const {
  return checkpoint_.read_matrix(family_.output_projection(), config().vocab_size, config().hidden_size);
}

VectorF CheckpointWeights::final_norm() const {
  return gain(family_.final_norm());
}

}  // namespace prunenet
