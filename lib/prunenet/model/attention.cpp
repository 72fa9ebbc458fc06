#include "prunenet/model/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace prunenet {

namespace {

constexpr std::int64_t kQueryBlock = 128;

double score_scale(const torch::Tensor& q) {
  return 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
}

/// [queries, keys], true where the key lies after the query.
torch::Tensor future(std::int64_t queries, std::int64_t keys) {
  return torch::ones({queries, keys}, torch::kBool).triu(keys - queries + 1);
}

constexpr double kMasked = -std::numeric_limits<double>::infinity();

}  // namespace

void attend_blocked(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, const torch::Tensor& out) {
  const torch::NoGradGuard no_grad;
  const std::int64_t kv_heads = k.size(0);
  const std::int64_t group = q.size(0) / kv_heads;
  const std::int64_t queries = q.size(1);
  const std::int64_t keys = k.size(1);
  const double scale = score_scale(q);
  const torch::Tensor k_transposed = k.transpose(1, 2);
  const torch::Tensor mask = future(std::min(queries, kQueryBlock), std::min(queries, kQueryBlock));
  for (std::int64_t start = 0; start < queries; start += kQueryBlock) {
    const std::int64_t rows = std::min(kQueryBlock, queries - start);
    const std::int64_t visible = keys - queries + start + rows;
    // The query heads of a group are neighbours: stacked, they are one product with their key-value head.
    const torch::Tensor stacked = q.narrow(1, start, rows).reshape({kv_heads, group * rows, q.size(2)});
    torch::Tensor scores = torch::empty({kv_heads, group * rows, visible});
    for (std::int64_t head = 0; head < kv_heads; ++head) {
      torch::Tensor block = scores[head];
      at::addmm_out(block, block, stacked[head], k_transposed[head].narrow(1, 0, visible), 0.0, scale);
    }
    scores.view({kv_heads * group, rows, visible})
        .narrow(2, visible - rows, rows)
        .masked_fill_(mask.narrow(0, 0, rows).narrow(1, 0, rows), kMasked);
    at::_softmax_out(scores, scores, -1, false);
    torch::Tensor mixed = torch::empty_like(stacked);
    for (std::int64_t head = 0; head < kv_heads; ++head) {
      torch::Tensor block = mixed[head];
      at::mm_out(block, scores[head], v[head].narrow(0, 0, visible));
    }
    out.narrow(1, start, rows).copy_(mixed.view({kv_heads * group, rows, q.size(2)}));
  }
}

torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  const std::int64_t batch = q.size(0);
  const std::int64_t heads = q.size(1);
  const std::int64_t queries = q.size(2);
  const std::int64_t head_dim = q.size(3);
  const std::int64_t kv_heads = k.size(1);
  const std::int64_t keys = k.size(2);
  const torch::Tensor stacked = q.reshape({batch * kv_heads, heads / kv_heads * queries, head_dim});
  torch::Tensor scores = torch::bmm(stacked, k.flatten(0, 1).transpose(1, 2)) * score_scale(q);
  if (queries > 1) {
    scores = scores.view({-1, queries, keys}).masked_fill(future(queries, keys), kMasked).view(scores.sizes());
  }
  return torch::bmm(torch::softmax(scores, -1), v.flatten(0, 1)).view({batch, heads, queries, head_dim});
}

}  // namespace prunenet
