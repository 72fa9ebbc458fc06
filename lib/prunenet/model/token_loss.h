#pragma once

#include <torch/torch.h>

namespace prunenet {

/// Negative log-likelihood, in nats, of one target token a row under softmax(hidden W^T).
///
/// hidden: [N, d]; output_projection W: [V, d]; targets: [N] int64 in [0, V) -> [N].
/// Goes through the rows in chunks: memory O(32 MiB), never N * V. Differentiable in `hidden` (not in W): the gradient
/// (softmax - one_hot) W is formed chunk by chunk in the forward pass, when the logits are at hand.
[[nodiscard]] torch::Tensor token_loss(const torch::Tensor& hidden, const torch::Tensor& output_projection,
                                       const torch::Tensor& targets);

}  // namespace prunenet
