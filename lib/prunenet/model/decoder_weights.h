#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/family/family.h"

namespace prunenet {

/// Gain, offset included, and bias of a norm; undefined where there is none.
struct NormTensors {
  torch::Tensor gain;  ///< [d]
  torch::Tensor bias;  ///< [d]; undefined: none
};

/// Weights of one decoder layer, float32, laid out for few and large matrix products; matrices may be bfloat16 (see
/// linear_map.h). H query heads, K key-value heads, c = head_dim. What the model lacks is an undefined tensor.
struct DecoderLayerWeights {
  NormTensors attention_norm;       ///< [d]
  torch::Tensor qkv;                ///< rows of q, then k, then v: [(H + 2K) c, d]
  torch::Tensor qkv_bias;           ///< [(H + 2K) c]
  NormTensors q_norm;               ///< [c] or [H c]
  NormTensors k_norm;               ///< [c] or [K c]
  torch::Tensor o_proj;             ///< [d, H c]
  torch::Tensor o_bias;             ///< [d]
  NormTensors attention_post_norm;  ///< [d]
  NormTensors ffn_norm;             ///< [d]
  torch::Tensor gate_up;            ///< rows of gate, then up: [2I, d]; of up alone, [I, d], without a gate
  torch::Tensor gate_up_bias;       ///< [2I] or [I]
  torch::Tensor down;               ///< [d, I]
  torch::Tensor down_bias;          ///< [d]
  NormTensors ffn_post_norm;        ///< [d]
};

/// gate_up as [2, I, d]: gate rows, then up rows; [1, I, d] without a gate.
[[nodiscard]] inline torch::Tensor ffn_rows(const DecoderLayerWeights& weights) {
  return weights.gate_up.view({-1, weights.down.size(1), weights.gate_up.size(1)});
}

/// The layer with the neurons of `keep` alone: gathered rows of gate and up, gathered columns of down.
[[nodiscard]] DecoderLayerWeights keep_neurons(const DecoderLayerWeights& layer, std::span<const std::int64_t> keep);

/// All weights of a decoder.
struct DecoderWeights {
  torch::Tensor embedding;                  ///< [V, d]
  torch::Tensor positions;                  ///< learned, [positions + offset, d]
  std::vector<DecoderLayerWeights> layers;  ///< empty where a LayerStore has them
  NormTensors final_norm;                   ///< [d]
  torch::Tensor output_projection;          ///< [V, d]; the embedding's own storage where the two are tied
  torch::Tensor output_bias;                ///< [V]
};

/// One layer, on a device. Throws what Checkpoint::read_matrix throws.
[[nodiscard]] DecoderLayerWeights load_decoder_layer(const Checkpoint& checkpoint, const Family& family,
                                                     std::int64_t layer, torch::Device device);

/// All but the layers. Words embedded in fewer dimensions than d are projected once, here. Throws as above.
[[nodiscard]] DecoderWeights load_outer_weights(const Checkpoint& checkpoint, const Family& family,
                                                torch::Device device);

}  // namespace prunenet
