#include "prunenet/model/attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/tiny_models.h"

namespace prunenet {
namespace {

struct Shape {
  std::int64_t heads, kv_heads, queries, keys, head_dim;
};

/// Softmax attention one query at a time, in double.
torch::Tensor attend_slowly(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  const torch::Tensor out = torch::empty(q.sizes(), torch::kDouble);
  const std::int64_t group = q.size(0) / k.size(0);
  for (std::int64_t head = 0; head < q.size(0); ++head) {
    for (std::int64_t query = 0; query < q.size(1); ++query) {
      const std::int64_t visible = k.size(1) - q.size(1) + query + 1;
      const torch::Tensor keys = k[head / group].slice(0, 0, visible).to(torch::kDouble);
      const torch::Tensor scores = keys.matmul(q[head][query].to(torch::kDouble)) / std::sqrt(double(q.size(2)));
      const torch::Tensor values = v[head / group].slice(0, 0, visible).to(torch::kDouble);
      out[head][query] = torch::softmax(scores, 0).matmul(values);
    }
  }
  return out;
}

class AttentionTest : public ::testing::TestWithParam<Shape> {};

TEST_P(AttentionTest, BothFormsAgreeWithTheDefinition) {
  const auto [heads, kv_heads, queries, keys, head_dim] = GetParam();
  torch::manual_seed(1);
  const torch::Tensor q = torch::randn({heads, queries, head_dim});
  // Keys and values as they lie in the rows of a fused projection: strided.
  const torch::Tensor kv = torch::randn({keys, 2 * kv_heads + 1, head_dim});
  const torch::Tensor k = kv.narrow(1, 1, kv_heads).transpose(0, 1);
  const torch::Tensor v = kv.narrow(1, 1 + kv_heads, kv_heads).transpose(0, 1);
  const torch::Tensor expected = attend_slowly(q, k, v);

  const torch::Tensor out = torch::empty({queries, heads, head_dim}).transpose(0, 1);
  attend_blocked(q, k, v, out);
  EXPECT_LT(testing::largest_difference(out, expected), 1e-5);
  const torch::Tensor whole = attend(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0))[0];
  EXPECT_LT(testing::largest_difference(whole, expected), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionTest,
                         ::testing::Values(Shape{1, 1, 1, 1, 2}, Shape{4, 2, 7, 7, 8}, Shape{4, 1, 1, 9, 8},
                                           Shape{2, 2, 5, 300, 4}, Shape{6, 2, 128, 128, 8}, Shape{3, 1, 129, 129, 8},
                                           Shape{2, 1, 300, 333, 4}));

}  // namespace
}  // namespace prunenet
