#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "prunenet/model/token_loss.h"

namespace prunenet {

/// What a teacher says of the token after each of N: its K most likely tokens under softmax(z / temperature), and their
/// log-probabilities. What these leave of 1 is the probability that it is any other token.
struct TeacherTokens {
  torch::Tensor ids;                ///< [N, K] int32
  torch::Tensor log_probabilities;  ///< [N, K] float

  [[nodiscard]] TeacherTokens rows(std::int64_t first, std::int64_t count) const {
    return {ids.narrow(0, first, count), log_probabilities.narrow(0, first, count)};
  }
  [[nodiscard]] TeacherTokens to(const torch::Device& device) const {
    return {ids.to(device), log_probabilities.to(device)};
  }
};

/// logits [N, V] -> the K = min(top, V) largest of each row, in descending order; `top` 0: all V.
[[nodiscard]] TeacherTokens teacher_tokens(const torch::Tensor& logits, std::int64_t top, double temperature);

/// What is asked of a student beside the teacher's distribution.
struct DistillationRule {
  double temperature = 1.0;        ///< tau, of the teacher's tokens as well
  double next_token_weight = 0.0;  ///< w
};

/// Sums over N tokens, and their gradient.
struct DistillationLoss {
  double divergence = 0.0;  ///< sum of KL(teacher || student) at the temperature, nats
  double next_token = 0.0;  ///< sum of -log q(next) over the tokens that have one; 0 where w is 0
  torch::Tensor gradient;   ///< of tau^2 divergence + w next_token with respect to the states, [N, d]; where asked for
};

/// KL divergence between distributions over K + 1 events, the teacher's K tokens and "any other":
///   sum_k p_k log(p_k / q_k) + p_r log(p_r / q_r),    p_r = 1 - sum_k p_k,    q = softmax(z / tau),
/// which is that over all V tokens where K = V, and never more than it (data-processing inequality). Its gradient is
///   tau d/dz = q_j - p_j for the K tokens,    q_j (1 - p_r / q_r) for the others.
///
/// states: [N, d] after the final norm, on any device: the gradient is there, too; next: [N] int64, -1 where the next
/// token does not count. Works through the rows in chunks: memory O(32 MiB), never N * V. Records no gradient itself.
[[nodiscard]] DistillationLoss distillation_loss(const torch::Tensor& states, const LogitRule& logits,
                                                 const TeacherTokens& teacher, const torch::Tensor& next,
                                                 const DistillationRule& rule, bool with_gradient);

}  // namespace prunenet
