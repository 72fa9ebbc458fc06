#include "prunenet/model/decoder_weights.h"

#include <initializer_list>

namespace prunenet {

namespace {

/// Reads tensors one under the other into one.
class Reader {
 public:
  explicit Reader(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  /// [rows_1 + rows_2 + ..., columns]
  [[nodiscard]] torch::Tensor stacked(std::initializer_list<std::string> names) const {
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    for (const std::string& name : names) {
      const std::vector<std::int64_t>& shape = checkpoint_.tensors().at(name).shape;
      rows += shape.size() == 2 ? shape[0] : 1;
      columns = shape.back();
    }
    torch::Tensor result = torch::empty({rows, columns});
    std::int64_t row = 0;
    for (const std::string& name : names) {
      const MatrixF part = checkpoint_.read_matrix(name);
      std::copy_n(part.data(), part.size(), result.data_ptr<float>() + row * columns);
      row += part.rows();
    }
    return result;
  }

  /// Vectors end to end; undefined where the first has no name.
  [[nodiscard]] torch::Tensor joined(std::initializer_list<std::string> names) const {
    if (names.begin()->empty()) return {};
    std::vector<torch::Tensor> parts;
    for (const std::string& name : names) parts.push_back(stacked({name}).flatten());
    return torch::cat(parts);
  }

 private:
  const Checkpoint& checkpoint_;
};

DecoderLayerWeights load_layer(const Reader& reader, const Family& family, std::int64_t layer) {
  const AttentionBlockNames attention = family.attention_block(layer);
  const FfnBlockNames ffn = family.ffn_block(layer);
  DecoderLayerWeights weights;
  weights.attention_norm = reader.joined({attention.norm});
  weights.qkv = reader.stacked({attention.q_proj, attention.k_proj, attention.v_proj});
  weights.qkv_bias = reader.joined({attention.q_bias, attention.k_bias, attention.v_bias});
  weights.o_proj = reader.stacked({attention.o_proj});
  weights.o_bias = reader.joined({attention.o_bias});
  weights.ffn_norm = reader.joined({ffn.norm});
  weights.gate_up = reader.stacked({ffn.gate_proj, ffn.up_proj});
  weights.gate_up_bias = reader.joined({ffn.gate_bias, ffn.up_bias});
  weights.down = reader.stacked({ffn.down_proj});
  weights.down_bias = reader.joined({ffn.down_bias});
  return weights;
}

}  // namespace

DecoderWeights load_decoder_weights(const Checkpoint& checkpoint, const Family& family, Progress& progress) {
  const torch::NoGradGuard no_grad;
  const Reader reader(checkpoint);
  const std::int64_t layers = family.config().num_hidden_layers;
  progress.begin("loading", "layers", static_cast<std::uint64_t>(layers));
  DecoderWeights weights;
  weights.embedding = reader.stacked({family.embedding()});
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    weights.layers.push_back(load_layer(reader, family, layer));
    progress.advance(1);
  }
  weights.final_norm = reader.joined({family.final_norm()});
  const bool tied = family.output_projection() == family.embedding();
  weights.output_projection = tied ? weights.embedding : reader.stacked({family.output_projection()});
  return weights;
}

}  // namespace prunenet
