#include "prunenet/family/gguf_tensors.h"

#include <fmt/format.h>

#include <utility>

namespace prunenet {

namespace {

class TensorList {
 public:
  explicit TensorList(float norm_offset) : norm_offset_(norm_offset) {}

  /// [rows, columns], as it is stored.
  void matrix(const std::string& name, const std::string& tensor, std::int64_t rows, std::int64_t columns) {
    if (tensor.empty()) return;
    add(name).parts.push_back({.tensor = tensor, .rows = rows, .columns = columns, .stored_rows = rows});
  }

  /// NAME.weight and, where all places have one, NAME.bias, of one or several maps below each other.
  GgufTensor* linear(const std::string& name, const std::vector<LinearPlace>& places, std::int64_t paired = 0,
                     bool neurons = false) {
    if (!places.front().exists()) return nullptr;
    const auto collect = [&](const char* kind, bool bias) {
      GgufTensor& tensor = add(name + kind);
      for (const LinearPlace& place : places) {
        // Values are not rotated: of fused ones, only queries and keys come in pairs.
        const bool is_value = places.size() == 3 && &place == &places.back();
        tensor.parts.push_back({.tensor = bias ? place.bias : place.weight,
                                .rows = place.outputs,
                                .columns = bias ? 0 : place.inputs,
                                .stored_rows = place.stored_outputs,
                                .pattern = place.pattern,
                                .transposed = !bias && place.transposed,
                                .paired_head_dim = is_value ? 0 : paired,
                                .neurons = neurons});
      }
    };
    collect(".weight", false);
    const std::size_t weight = tensors_.size() - 1;
    if (!places.front().bias.empty()) collect(".bias", true);
    return &tensors_[weight];
  }

  /// NAME.weight and NAME.bias.
  void norm(const std::string& name, const NormPlace& place) {
    if (!place.exists()) return;
    vector(name + ".weight", place.gain, place.size, norm_offset_);
    if (!place.bias.empty()) vector(name + ".bias", place.bias, place.size, 0.0F);
  }

  [[nodiscard]] std::vector<GgufTensor> take() { return std::move(tensors_); }

 private:
  GgufTensor& add(std::string name) {
    GgufTensor& added = tensors_.emplace_back();
    added.name = std::move(name);
    return added;
  }

  void vector(const std::string& name, const std::string& tensor, std::int64_t size, float offset) {
    GgufTensor& added = add(name);
    added.parts.push_back({.tensor = tensor, .rows = size, .stored_rows = size});
    added.offset = offset;
  }

  std::vector<GgufTensor> tensors_;
  float norm_offset_;
};

void add_attention(const AttentionBlock& block, const std::string& prefix, std::int64_t paired, TensorList& list) {
  if (block.q.weight == block.k.weight) {
    list.linear(prefix + "attn_qkv", {block.q, block.k, block.v}, paired);
  } else {
    list.linear(prefix + "attn_q", {block.q}, paired);
    list.linear(prefix + "attn_k", {block.k}, paired);
    list.linear(prefix + "attn_v", {block.v});
  }
  list.norm(prefix + "attn_q_norm", block.q_norm);
  list.norm(prefix + "attn_k_norm", block.k_norm);
  list.linear(prefix + "attn_output", {block.o});
  list.norm(prefix + "post_attention_norm", block.post_norm);
}

void add_ffn(const FfnBlock& block, const std::string& prefix, TensorList& list) {
  if (block.gate.exists() && block.gate.weight == block.up.weight) {
    list.linear(prefix + "ffn_up", {block.gate, block.up}, 0, true);
  } else {
    list.linear(prefix + "ffn_gate", {block.gate}, 0, true);
    list.linear(prefix + "ffn_up", {block.up}, 0, true);
  }
  list.linear(prefix + "ffn_down", {block.down})->neuron_columns = true;
  list.norm(prefix + "post_ffw_norm", block.post_norm);
}

/// Blocks that read one norm have it once; Falcon's two norms have names of their own.
void add_norms(const AttentionBlock& attention, const FfnBlock& ffn, const std::string& prefix, bool falcon,
               TensorList& list) {
  if (attention.norm.gain == ffn.norm.gain) {
    list.norm(prefix + "attn_norm", attention.norm);
    return;
  }
  list.norm(prefix + (falcon ? "attn_norm_2" : "attn_norm"), attention.norm);
  list.norm(prefix + (falcon ? "attn_norm" : "ffn_norm"), ffn.norm);
}

}  // namespace

std::int64_t GgufRows::stored(std::int64_t row) const {
  if (paired_head_dim == 0) return pattern.stored(row);
  const std::int64_t in_head = row % paired_head_dim;
  return pattern.stored(row - in_head + in_head % 2 * (paired_head_dim / 2) + in_head / 2);
}

std::int64_t GgufTensor::rows() const {
  std::int64_t sum = 0;
  for (const GgufRows& part : parts) sum += part.rows;
  return sum;
}

std::vector<std::int64_t> GgufTensor::shape() const {
  return is_vector() ? std::vector{rows()} : std::vector{rows(), parts.front().columns};
}

std::vector<GgufTensor> gguf_tensors(const Family& family, const GgufArchitecture& architecture) {
  const ModelConfig& config = family.config();
  TensorList list(static_cast<float>(config.norm_gain_offset));
  list.matrix("token_embd.weight", family.embedding(), config.vocab_size, family.word_size());
  list.matrix("position_embd.weight", family.position_embedding(), family.position_rows(), config.hidden_size);
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const std::string prefix = fmt::format("blk.{}.", layer);
    const AttentionBlock attention = family.attention_block(layer);
    const FfnBlock ffn = family.ffn_block(layer);
    add_norms(attention, ffn, prefix, architecture.name == "falcon", list);
    add_attention(attention, prefix, architecture.paired_rotary ? config.head_dim : 0, list);
    add_ffn(ffn, prefix, list);
  }
  list.norm("output_norm", family.final_norm());
  const LinearPlace output = family.output_projection();
  if (!config.tie_word_embeddings || architecture.needs_output) {
    list.linear("output", {output})->copy = config.tie_word_embeddings;
  }
  return list.take();
}

}  // namespace prunenet
