#pragma once

#include <torch/torch.h>

#include "prunenet/family/model_config.h"
#include "prunenet/model/decoder_layer.h"
#include "prunenet/model/decoder_weights.h"

namespace prunenet {

/// A layer of which all but the FFN's write is done.
struct FfnBranch {
  torch::Tensor stream;  ///< [N, d], which the FFN adds to: attention has written to it
  torch::Tensor h;       ///< [N, I], after the hook
};

/// The first part of `decoder_layer`, which `add_ffn` completes; `hidden` [N, d] likewise.
[[nodiscard]] FfnBranch ffn_branch(const ForwardPass& pass, std::int64_t layer, const DecoderLayerWeights& weights,
                                   torch::Tensor hidden);

/// The stream behind an FFN that read `residual` [N, d] and answered `h` [N, I]: residual + D h + b, with the norm and
/// the multiplier that the architecture puts there. In blocks side by side the attention is not part of it. `residual`
/// stays as it is.
[[nodiscard]] torch::Tensor add_ffn(const ModelConfig& config, const DecoderLayerWeights& weights,
                                    const torch::Tensor& residual, const torch::Tensor& h);

}  // namespace prunenet
