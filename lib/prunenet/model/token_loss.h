#pragma once

#include <torch/torch.h>

namespace prunenet {

/// How states become logits: z = hidden W^T / divisor + b, capped to c tanh(z / c) where c > 0.
struct LogitRule {
  torch::Tensor projection{};  ///< W, [V, d]
  torch::Tensor bias{};        ///< b, [V]; undefined: none
  double divisor = 1.0;
  double softcap = 0.0;  ///< c
};

/// hidden: [..., d] -> [..., V], differentiable.
[[nodiscard]] torch::Tensor logits_of(const torch::Tensor& hidden, const LogitRule& rule);

/// Negative log-likelihood, in nats, of one target token a row under softmax(logits).
///
/// hidden: [N, d]; targets: [N] int64 in [0, V) -> [N].
/// Goes through the rows in chunks: memory O(32 MiB), never N * V. Differentiable in `hidden` (not in W or b): the
/// gradient (softmax - one_hot) W is formed chunk by chunk in the forward pass, when the logits are at hand.
[[nodiscard]] torch::Tensor token_loss(const torch::Tensor& hidden, const LogitRule& rule,
                                       const torch::Tensor& targets);

}  // namespace prunenet
