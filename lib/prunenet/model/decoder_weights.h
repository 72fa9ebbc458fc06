#pragma once

#include <torch/torch.h>

#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"

namespace prunenet {

/// Weights of one decoder layer, float32, laid out for few and large matrix products. H query heads, K key-value heads,
/// c = head_dim. A bias that the model lacks is an undefined tensor.
struct DecoderLayerWeights {
  torch::Tensor attention_norm;  ///< [d]
  torch::Tensor qkv;             ///< rows of q, then k, then v: [(H + 2K) c, d]
  torch::Tensor qkv_bias;        ///< [(H + 2K) c]
  torch::Tensor o_proj;          ///< [d, H c]
  torch::Tensor o_bias;          ///< [d]
  torch::Tensor ffn_norm;        ///< [d]
  torch::Tensor gate_up;         ///< rows of gate, then up: [2I, d]
  torch::Tensor gate_up_bias;    ///< [2I]
  torch::Tensor down;            ///< [d, I]
  torch::Tensor down_bias;       ///< [d]
};

struct DecoderWeights {
  torch::Tensor embedding;  ///< [V, d]
  std::vector<DecoderLayerWeights> layers;
  torch::Tensor final_norm;         ///< [d]
  torch::Tensor output_projection;  ///< [V, d]; the embedding's own storage where the two are tied
};

/// Throws what Checkpoint::read_matrix throws.
[[nodiscard]] DecoderWeights load_decoder_weights(const Checkpoint& checkpoint, const Family& family,
                                                  Progress& progress);

}  // namespace prunenet
