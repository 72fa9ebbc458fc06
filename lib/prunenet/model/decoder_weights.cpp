#include "prunenet/model/decoder_weights.h"

#include <algorithm>
#include <initializer_list>

#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/model/matrix_tensor.h"

namespace prunenet {

namespace {

/// Reads tensors, one under the other where several make one.
class Reader {
 public:
  Reader(const Checkpoint& checkpoint, const Family& family, torch::Device device)
      : checkpoint_(checkpoint), family_(family), device_(device) {}

  /// [outputs_1 + outputs_2 + ..., inputs] of the maps that exist.
  [[nodiscard]] torch::Tensor weights(std::initializer_list<LinearPlace> places) const {
    std::int64_t rows = 0;
    for (const LinearPlace& place : places) rows += place.exists() ? place.outputs : 0;
    const std::int64_t columns = places.end()[-1].inputs;
    torch::Tensor result = torch::empty({rows, columns});
    std::int64_t row = 0;
    for (const LinearPlace& place : places) {
      if (!place.exists()) continue;
      const MatrixF part = read_weight(checkpoint_, place);
      std::copy_n(part.data(), part.size(), result.data_ptr<float>() + row * columns);
      row += part.rows();
    }
    return result.to(device_);
  }

  /// Their biases end to end; undefined where the last has none.
  [[nodiscard]] torch::Tensor biases(std::initializer_list<LinearPlace> places) const {
    if (places.end()[-1].bias.empty()) return {};
    std::vector<torch::Tensor> parts;
    for (const LinearPlace& place : places) {
      if (place.exists()) parts.push_back(tensor_of(read_bias(checkpoint_, place)));
    }
    return torch::cat(parts).to(device_);
  }

  [[nodiscard]] NormTensors norm(const NormPlace& place) const {
    if (!place.exists()) return {};
    const NormWeights weights = read_norm(checkpoint_, family_, place);
    return {tensor_of(weights.gain).to(device_),
            weights.bias.size() > 0 ? tensor_of(weights.bias).to(device_) : torch::Tensor()};
  }

 private:
  const Checkpoint& checkpoint_;
  const Family& family_;
  torch::Device device_;
};

}  // namespace

DecoderLayerWeights keep_neurons(const DecoderLayerWeights& layer, std::span<const std::int64_t> keep) {
  const torch::Tensor kept =
      torch::tensor(at::IntArrayRef(keep.data(), keep.size()), torch::kInt64).to(layer.down.device());
  DecoderLayerWeights result = layer;
  result.gate_up = ffn_rows(layer).index_select(1, kept).flatten(0, 1);
  if (layer.gate_up_bias.defined()) {
    result.gate_up_bias = layer.gate_up_bias.view({-1, layer.down.size(1)}).index_select(1, kept).flatten();
  }
  result.down = layer.down.index_select(1, kept);
  return result;
}

DecoderLayerWeights load_decoder_layer(const Checkpoint& checkpoint, const Family& family, std::int64_t layer,
                                       torch::Device device) {
  const torch::NoGradGuard no_grad;
  const Reader reader(checkpoint, family, device);
  const AttentionBlock attention = family.attention_block(layer);
  const FfnBlock ffn = family.ffn_block(layer);
  DecoderLayerWeights weights;
  weights.attention_norm = reader.norm(attention.norm);
  weights.qkv = reader.weights({attention.q, attention.k, attention.v});
  weights.qkv_bias = reader.biases({attention.q, attention.k, attention.v});
  weights.q_norm = reader.norm(attention.q_norm);
  weights.k_norm = reader.norm(attention.k_norm);
  weights.o_proj = reader.weights({attention.o});
  weights.o_bias = reader.biases({attention.o});
  weights.attention_post_norm = reader.norm(attention.post_norm);
  weights.ffn_norm = reader.norm(ffn.norm);
  weights.gate_up = reader.weights({ffn.gate, ffn.up});
  weights.gate_up_bias = reader.biases({ffn.gate, ffn.up});
  weights.down = reader.weights({ffn.down});
  weights.down_bias = reader.biases({ffn.down});
  weights.ffn_post_norm = reader.norm(ffn.post_norm);
  return weights;
}

DecoderWeights load_outer_weights(const Checkpoint& checkpoint, const Family& family, torch::Device device) {
  const torch::NoGradGuard no_grad;
  const Reader reader(checkpoint, family, device);
  const CheckpointWeights source(checkpoint, family);
  DecoderWeights weights;
  weights.embedding = tensor_of(source.embedding()).to(device);
  weights.final_norm = reader.norm(family.final_norm());
  const LinearPlace output = family.output_projection();
  const bool projected = family.embedding_projection().exists() || family.output_reduction().exists();
  const bool shared = output.weight == family.embedding() && !projected;
  weights.output_projection = shared ? weights.embedding : tensor_of(source.output_projection()).to(device);
  weights.output_bias = reader.biases({output});
  if (const std::string positions = family.position_embedding(); !positions.empty()) {
    weights.positions = tensor_of(checkpoint.read_matrix(positions)).to(device);
  }
  return weights;
}

}  // namespace prunenet
