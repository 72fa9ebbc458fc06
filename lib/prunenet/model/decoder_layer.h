#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>

#include "prunenet/family/model_config.h"
#include "prunenet/model/decoder_weights.h"
#include "prunenet/model/kv_cache.h"
#include "prunenet/model/rotary.h"
#include "prunenet/model/row_layout.h"

namespace prunenet {

/// Sees, and may replace, the intermediate activations of every FFN.
///
/// layer: index; x: [N, d] input of the FFN, normalised, norm gain applied; h: [N, I] = act(G x) * (U x).
/// The tensor returned takes the place of h in y = D h, and has its shape.
using FfnHook = std::function<torch::Tensor(std::int64_t layer, const torch::Tensor& x, const torch::Tensor& h)>;

/// What one forward pass hands to every layer.
struct ForwardPass {
  const ModelConfig& config;
  const RowLayout& layout;
  const RotaryAngles& angles;
  KvCache* cache = nullptr;       ///< keys and values go there, and are read from there; needs a uniform layout
  const FfnHook* hook = nullptr;  ///< none where null or empty
};

/// x / rms(x) * gain, over the last dimension.
[[nodiscard]] torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& gain, double eps);

/// hidden [N, d] + attention + FFN -> [N, d]; in place where no gradient is recorded.
[[nodiscard]] torch::Tensor decoder_layer(const ForwardPass& pass, std::int64_t layer,
                                          const DecoderLayerWeights& weights, torch::Tensor hidden);

}  // namespace prunenet
