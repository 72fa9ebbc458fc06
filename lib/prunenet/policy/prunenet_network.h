#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "prunenet/core/rng.h"

namespace prunenet {

/// The policy network of the PruneNet paper (A. Sengupta, S. Chaudhary, T. Chakraborty, "You Only Prune Once", 2025,
/// arXiv:2501.15296; class SparsityPredictor of its public code, LCS2-IIITD/PruneNet, whose parameter names these are).
///
///   X  I x d  one weight row a neuron        W  I x d, b  I   proj_intermediate
///   r  I x 1  row_sparsities                 z = (X W^T + b) r,  I;  alpha = sigmoid(z)
///
/// W and r have I rows themselves, so the network serves matrices of one shape only.
class PrunenetNetworkImpl : public torch::nn::Module {
 public:
  /// Drawn from `rng` as PyTorch draws them: W and b uniform in +-1/sqrt(d), r uniform in [0, 1).
  PrunenetNetworkImpl(std::int64_t hidden_size, std::int64_t intermediate_size, Rng& rng);

  /// z of every row, float [I], in the published order of products, (X W^T + b) r: I^2 d multiplications.
  [[nodiscard]] torch::Tensor forward(const torch::Tensor& rows);
  /// The same number in the order X (W^T r) + b r: 2 I d multiplications. Equal up to rounding, gradients too.
  [[nodiscard]] torch::Tensor forward_factored(const torch::Tensor& rows);

  [[nodiscard]] std::int64_t hidden_size() const { return proj_intermediate_->weight.size(1); }
  [[nodiscard]] std::int64_t intermediate_size() const { return proj_intermediate_->weight.size(0); }

 private:
  /// Throws Error(kMismatch) stating both shapes.
  void check_shape(const torch::Tensor& rows) const;

  torch::nn::Linear proj_intermediate_;
  torch::Tensor row_sparsities_;
};
TORCH_MODULE(PrunenetNetwork);

/// Uniform noise for `concrete_keep_probabilities`, float [count], in the open interval (0, 1): multiples of 2^-23, and
/// half of one. PyTorch draws from [0, 1), where 0 would make a probability of 0/0 beside alpha = 1.
[[nodiscard]] torch::Tensor concrete_noise(std::int64_t count, Rng& rng);

/// The published code's relaxed Bernoulli (binary concrete) draw, in its own operations and so with its own rounding:
///   sigmoid( log eps - log(1 - eps) + log alpha - log(1 - alpha) ),  alpha = sigmoid(z).
/// In float32 alpha is 1 from z = 16.7 on; the result is then 1, and its gradient NaN.
///
/// z, noise: float [I]; returns float [I], differentiable in z.
[[nodiscard]] torch::Tensor concrete_keep_probabilities(const torch::Tensor& z, const torch::Tensor& noise);

/// Draws `count` of I rows without replacement in proportion to p, as torch.multinomial does; in the order of drawing.
///
/// p: float [I]; returns int64 [count]. Throws Error(kNumerical) where a p is negative or not finite, or fewer than
/// `count` are positive.
[[nodiscard]] torch::Tensor draw_without_replacement(const torch::Tensor& p, std::int64_t count, Rng& rng);

/// A keep-set of `count` rows drawn from the policy, int64 [count], in the order of drawing; no gradient.
/// - Faithful: concrete noise on z, then without replacement in proportion to the keep probabilities that come of it.
/// - Otherwise without replacement in proportion to exp(z), whose log-probability is known
///   (`plackett_luce_log_probability`). Throws Error(kNumerical) at a z that is not finite.
[[nodiscard]] torch::Tensor draw_keep_set(PrunenetNetwork& network, const torch::Tensor& rows, std::int64_t count,
                                          bool faithful, Rng& rng);

}  // namespace prunenet
