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

/// What one FFN sees. Tensors may be written to once the hook has returned: clone what is kept.
struct FfnActivations {
  std::int64_t layer = 0;
  const torch::Tensor& residual;  ///< [N, d], the stream that the FFN reads, and adds y = D h to
  const torch::Tensor& x;         ///< [N, d], the FFN's input: the stream normalised, norm gain applied
  const torch::Tensor& h;         ///< [N, I] = act(G x) * (U x), or act(U x + b)
};

/// Sees, and may replace, the intermediate activations of every FFN: the tensor returned takes the place of h in
/// y = D h, and has its shape.
using FfnHook = std::function<torch::Tensor(const FfnActivations&)>;

/// Sees what every FFN writes, y = D h + b [N, d], before the norm and the multiplier that an architecture puts behind
/// it. With libtorch's grad mode on, it may mark y (y.set_requires_grad(true)), and register a hook for y's gradient.
using FfnOutputHook = std::function<void(std::int64_t layer, const torch::Tensor& y)>;

/// What one forward pass hands to every layer.
struct ForwardPass {
  const ModelConfig& config;
  const RowLayout& layout;
  const RotaryAngles& angles;         ///< undefined without rotary embeddings
  const RotaryAngles& window_angles;  ///< of the layers with windows
  KvCache* cache = nullptr;           ///< keys and values go there, and are read from there; needs a uniform layout
  const FfnHook* hook = nullptr;      ///< none where null or empty
  const FfnOutputHook* output_hook = nullptr;  ///< likewise
};

/// hidden [N, d] + attention + FFN -> [N, d]; in place where no gradient is recorded.
[[nodiscard]] torch::Tensor decoder_layer(const ForwardPass& pass, std::int64_t layer,
                                          const DecoderLayerWeights& weights, torch::Tensor hidden);

}  // namespace prunenet
