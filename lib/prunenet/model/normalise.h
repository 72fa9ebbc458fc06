#pragma once

#include <torch/torch.h>

#include "prunenet/family/model_config.h"
#include "prunenet/model/decoder_weights.h"

namespace prunenet {

/// x / rms(x) * gain, over the last dimension.
[[nodiscard]] torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& gain, double eps);

/// The model's kind of norm over the last dimension; x itself where `norm` is not there.
[[nodiscard]] torch::Tensor normalise(const ModelConfig& config, const NormTensors& norm, const torch::Tensor& x);

}  // namespace prunenet
