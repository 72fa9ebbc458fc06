#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <span>

#include "prunenet/core/rng.h"

namespace prunenet {

/// Neurons that stay where this share is removed: at least one, and at least one goes.
[[nodiscard]] std::int64_t kept_count(std::int64_t neurons, double ratio);

/// Draws of a whole ranking of I neurons by sampling without replacement in proportion to exp(score).
///
/// A draw sorts score_i + Gumbel noise (Gumbel top-k; Kool, van Hoof and Welling 2019, arXiv:1903.06059): its first k
/// entries are the keep-set, in the order in which they were drawn, for every k at once.
struct RankingSamples {
  torch::Tensor rankings;  ///< int64 [M, I], neurons from first to last drawn
  torch::Tensor keys;      ///< float64 [M, I], score + noise of those neurons, descending
};

/// Throws Error(kNumerical) at a score that is not finite.
[[nodiscard]] RankingSamples sample_rankings(std::span<const float> scores, std::int64_t samples, Rng& rng);

/// The same draws of scores that lie on any device, float [I], with rankings and keys there: the noise is drawn on the
/// CPU, so that a seed stands for the same noise everywhere; sums and sorting are done where the scores are.
[[nodiscard]] RankingSamples sample_rankings(const torch::Tensor& scores, std::int64_t samples, Rng& rng);

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

/// d/dz_i of the probability that neuron i is kept, given the noise of all other neurons:
/// i is kept exactly if z_i + Gumbel > c_i, where c_i is the (k+1)-th largest key for a kept neuron and the k-th
/// largest for a removed one, so P = 1 - exp(-exp(t)) with t = z_i - c_i, and dP/dz_i = exp(t - exp(t)).
///
/// With it the policy gradient is taken in closed form over each neuron's own noise (Rao-Blackwell):
///   d E[R] / dz_i = E[ dP/dz_i (R(keep-set with i) - R(keep-set without i)) ],
/// where the two keep-sets differ by one swap with the neuron at the border. Same expectation as REINFORCE with the
/// log-probability above, and a fraction of its variance; see experiments/ablation.
///
/// scores: float [I]; returns float64 [M, I], columns in order of neurons. kept in [1, I - 1].
[[nodiscard]] torch::Tensor keep_probability_gradient(const torch::Tensor& scores, const RankingSamples& samples,
                                                      std::int64_t kept);

}  // namespace prunenet
