#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace prunenet {

/// How queries and keys make scores.
struct AttentionRule {
  double scale = 1.0;                            ///< s = scale * q . k
  double softcap = 0.0;                          ///< c of s -> c tanh(s / c); 0: none
  torch::ScalarType products = torch::kFloat32;  ///< of `attend`: queries, keys, weights and values are rounded to it
  std::int64_t window = 0;  ///< newest keys that a query sees, its own position among them; 0: all before it
};

/// Causal attention with grouped key-value heads: query head h reads key-value head h / (H / K). The last query is as
/// old as the last key, so that T queries over S >= T keys are the end of a longer sequence.
///
/// q: [H, T, c]; k, v: [K, S, c]; out: [H, T, c], written. Rows may have any stride, their elements lie together.
/// Works through blocks of queries and skips the keys that none of a block sees: memory O(H * 128 * S), half the
/// products and fewer with a window. Records no gradient.
void attend_blocked(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, const AttentionRule& rule,
                    const torch::Tensor& out);

/// The same for a batch and in whole matrices, differentiable. q: [B, H, T, c]; k, v: [B, K, S, c] -> [B, H, T, c].
[[nodiscard]] torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                                   const AttentionRule& rule);

}  // namespace prunenet
