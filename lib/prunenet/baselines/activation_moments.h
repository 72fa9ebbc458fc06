#pragma once

#include <torch/torch.h>

#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"

namespace prunenet {

/// Moments of one layer's activations h over tokens, [I] float64 each.
struct ActivationMoments {
  torch::Tensor mean;           ///< E[h_i]
  torch::Tensor second_moment;  ///< E[h_i^2]
  torch::Tensor variance;       ///< E[h_i^2] - E[h_i]^2: over all tokens, not the unbiased estimate
};

/// Of every layer of the dense model, over all positions of `ids` [B, T]. Throws what CausalLm throws.
[[nodiscard]] std::vector<ActivationMoments> activation_moments(const CausalLm& network, const torch::Tensor& ids,
                                                                Progress& progress);

}  // namespace prunenet
