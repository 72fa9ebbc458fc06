#include "prunenet/model/attention.h"

#include <algorithm>
#include <limits>

namespace prunenet {

namespace {

constexpr std::int64_t kQueryBlock = 128;

/// [queries, keys], true where the query does not see the key. The last query is as old as the last key.
torch::Tensor unseen(std::int64_t queries, std::int64_t keys, std::int64_t window, torch::Device device) {
  const torch::Tensor all = torch::ones({queries, keys}, torch::TensorOptions(torch::kBool).device(device));
  torch::Tensor mask = all.triu(keys - queries + 1);
  if (window > 0 && window < keys) mask.bitwise_or_(all.tril(keys - queries - window));
  return mask;
}

/// s -> c tanh(s / c)
torch::Tensor soft_capped(const torch::Tensor& scores, double cap) {
  return cap > 0.0 ? (scores / cap).tanh() * cap : scores;
}

/// Batched a b in `products`' type, as one of a's.
torch::Tensor product(const torch::Tensor& a, const torch::Tensor& b, torch::ScalarType products) {
  return torch::bmm(a.to(products), b.to(products)).to(a.scalar_type());
}

constexpr double kMasked = -std::numeric_limits<double>::infinity();

}  // namespace

void attend_blocked(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, const AttentionRule& rule,
                    const torch::Tensor& out) {
  const torch::NoGradGuard no_grad;
  const std::int64_t kv_heads = k.size(0);
  const std::int64_t group = q.size(0) / kv_heads;
  const std::int64_t queries = q.size(1);
  const std::int64_t keys = k.size(1);
  const torch::Tensor k_transposed = k.transpose(1, 2);
  const torch::Tensor mask = unseen(std::min(queries, kQueryBlock), std::min(queries, kQueryBlock), 0, q.device());
  for (std::int64_t start = 0; start < queries; start += kQueryBlock) {
    const std::int64_t rows = std::min(kQueryBlock, queries - start);
    const std::int64_t end = keys - queries + start + rows;  // of the keys that the last query of the block sees
    const std::int64_t begin = rule.window > 0 ? std::max<std::int64_t>(0, end - rows - rule.window + 1) : 0;
    const std::int64_t seen = end - begin;
    // The query heads of a group are neighbours: stacked, they are one product with their key-value head.
    const torch::Tensor stacked = q.narrow(1, start, rows).reshape({kv_heads, group * rows, q.size(2)});
    torch::Tensor scores = torch::empty({kv_heads, group * rows, seen}, q.options());
    for (std::int64_t head = 0; head < kv_heads; ++head) {
      torch::Tensor block = scores[head];
      at::addmm_out(block, block, stacked[head], k_transposed[head].narrow(1, begin, seen), 0.0, rule.scale);
    }
    if (rule.softcap > 0.0) scores.div_(rule.softcap).tanh_().mul_(rule.softcap);
    const torch::Tensor by_query = scores.view({kv_heads * group, rows, seen});
    if (rule.window > 0) {
      by_query.masked_fill_(unseen(rows, seen, rule.window, q.device()), kMasked);
    } else {
      by_query.narrow(2, seen - rows, rows).masked_fill_(mask.narrow(0, 0, rows).narrow(1, 0, rows), kMasked);
    }
    at::_softmax_out(scores, scores, -1, false);
    torch::Tensor mixed = torch::empty({kv_heads, group * rows, v.size(2)}, q.options());
    for (std::int64_t head = 0; head < kv_heads; ++head) {
      torch::Tensor block = mixed[head];
      at::mm_out(block, scores[head], v[head].narrow(0, begin, seen));
    }
    out.narrow(1, start, rows).copy_(mixed.view({kv_heads * group, rows, q.size(2)}));
  }
}

torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const AttentionRule& rule) {
  const std::int64_t batch = q.size(0);
  const std::int64_t heads = q.size(1);
  const std::int64_t queries = q.size(2);
  const std::int64_t head_dim = q.size(3);
  const std::int64_t kv_heads = k.size(1);
  const std::int64_t keys = k.size(2);
  const torch::Tensor stacked = q.reshape({batch * kv_heads, heads / kv_heads * queries, head_dim});
  torch::Tensor scores = product(stacked, k.flatten(0, 1).transpose(1, 2), rule.products) * rule.scale;
  scores = soft_capped(scores, rule.softcap);
  if (queries > 1 || (rule.window > 0 && rule.window < keys)) {
    const torch::Tensor mask = unseen(queries, keys, rule.window, q.device());
    scores = scores.view({-1, queries, keys}).masked_fill(mask, kMasked).view(scores.sizes());
  }
  return product(torch::softmax(scores, -1), v.flatten(0, 1), rule.products).view({batch, heads, queries, head_dim});
}

}  // namespace prunenet
