#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <span>

#include "prunenet/core/rng.h"

namespace prunenet {

/// `samples` draws of a whole ranking of I neurons by sampling without replacement in proportion to exp(score).
///
/// A draw sorts score_i + Gumbel noise (Gumbel top-k; Kool, van Hoof and Welling 2019, arXiv:1903.06059): its first k
/// entries are the keep-set, in the order in which they were drawn, for every k at once.
/// Returns int64 [samples, I]. Throws Error(kNumerical) at a score that is not finite.
[[nodiscard]] torch::Tensor sample_rankings(std::span<const float> scores, std::int64_t samples, Rng& rng);

/// Exact log-probability of drawing the first `kept` entries of each ranking, in that order (Plackett-Luce):
///   log p = sum_{j < kept} ( z[o_j] - log sum_{i >= j} exp z[o_i] ).
///
/// scores: float [I], differentiable;  rankings: int64 [M, I];  returns [M].
[[nodiscard]] torch::Tensor plackett_luce_log_probability(const torch::Tensor& scores, const torch::Tensor& rankings,
                                                          std::int64_t kept);

/// REINFORCE leave-one-out advantages (Kool, van Hoof and Welling 2019, "Buy 4 REINFORCE samples, get a baseline for
/// free"): reward minus the mean reward of the other samples, divided by the standard deviation of the rewards.
///
/// rewards: [M], M >= 2; returns [M], zeros where all rewards are equal.
[[nodiscard]] torch::Tensor rloo_advantages(const torch::Tensor& rewards);

}  // namespace prunenet
