#pragma once

#include <torch/torch.h>

#include "prunenet/family/model_config.h"

namespace prunenet {

/// Frequencies of rotary position embeddings (Su et al. 2021), [rotary_dim / 2], float32 as in the reference
/// implementation; `linear` scaling divides all of them, `llama3` those of long wavelengths.
[[nodiscard]] torch::Tensor rotary_frequencies(const ModelConfig& config);

/// Those of the layers with windows: `window_rope_theta`, unscaled, where the config has it, else as the others.
[[nodiscard]] torch::Tensor window_rotary_frequencies(const ModelConfig& config);

/// Cosines and sines of rows at given positions, [N, 1, rotary_dim / 2] each.
struct RotaryAngles {
  torch::Tensor cos;
  torch::Tensor sin;
};
[[nodiscard]] RotaryAngles rotary_angles(const torch::Tensor& frequencies, const torch::Tensor& positions);

/// Rotates the pairs (j, j + r / 2) of the first r = rotary_dim elements of every head. heads: [N, heads, head_dim];
/// written in place where no gradient is recorded, and returned.
[[nodiscard]] torch::Tensor rotate(const torch::Tensor& heads, const RotaryAngles& angles);

}  // namespace prunenet
