#pragma once

#include <torch/torch.h>

#include "prunenet/family/model_config.h"
#include "prunenet/model/decoder_weights.h"

namespace prunenet {

/// The stream behind an FFN that read `residual` [N, d] and answered `h` [N, I]: residual + D h + b, with the norm and
/// the multiplier that the architecture puts there. In blocks side by side the attention is not part of it. `residual`
/// stays as it is.
[[nodiscard]] torch::Tensor add_ffn(const ModelConfig& config, const DecoderLayerWeights& weights,
                                    const torch::Tensor& residual, const torch::Tensor& h);

}  // namespace prunenet
