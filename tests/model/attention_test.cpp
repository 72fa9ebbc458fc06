#include "prunenet/model/attention.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/tiny_models.h"

namespace prunenet {
namespace {

struct Shape {
  std::int64_t heads, kv_heads, queries, keys, head_dim;
  std::int64_t window = 0;
  double softcap = 0.0;
};

/// Softmax attention one query at a time, in double.
torch::Tensor attend_slowly(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                            const AttentionRule& rule) {
  const torch::Tensor out = torch::empty(q.sizes(), torch::kDouble);
  const std::int64_t group = q.size(0) / k.size(0);
  for (std::int64_t head = 0; head < q.size(0); ++head) {
    for (std::int64_t query = 0; query < q.size(1); ++query) {
      const std::int64_t end = k.size(1) - q.size(1) + query + 1;
      const std::int64_t begin = rule.window > 0 ? std::max<std::int64_t>(0, end - rule.window) : 0;
      const torch::Tensor keys = k[head / group].slice(0, begin, end).to(torch::kDouble);
      torch::Tensor scores = keys.matmul(q[head][query].to(torch::kDouble)) * rule.scale;
      if (rule.softcap > 0.0) scores = torch::tanh(scores / rule.softcap) * rule.softcap;
      const torch::Tensor values = v[head / group].slice(0, begin, end).to(torch::kDouble);
      out[head][query] = torch::softmax(scores, 0).matmul(values);
    }
  }
  return out;
}

class AttentionTest : public ::testing::TestWithParam<Shape> {};

TEST_P(AttentionTest, BothFormsAgreeWithTheDefinition) {
  const auto [heads, kv_heads, queries, keys, head_dim, window, softcap] = GetParam();
  const AttentionRule rule{.scale = 0.4, .softcap = softcap, .window = window};
  torch::manual_seed(1);
  const torch::Tensor q = torch::randn({heads, queries, head_dim});
  // Keys and values as they lie in the rows of a fused projection: strided.
  const torch::Tensor kv = torch::randn({keys, 2 * kv_heads + 1, head_dim});
  const torch::Tensor k = kv.narrow(1, 1, kv_heads).transpose(0, 1);
  const torch::Tensor v = kv.narrow(1, 1 + kv_heads, kv_heads).transpose(0, 1);
  const torch::Tensor expected = attend_slowly(q, k, v, rule);

  const torch::Tensor out = torch::empty({queries, heads, head_dim}).transpose(0, 1);
  attend_blocked(q, k, v, rule, out);
  EXPECT_LT(testing::largest_difference(out, expected), 1e-5);
  const torch::Tensor whole = attend(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), rule)[0];
  EXPECT_LT(testing::largest_difference(whole, expected), 1e-5);
}

TEST(Attention, ProductsInBfloat16AreOffByTheirRounding) {
  torch::manual_seed(2);
  const torch::Tensor q = torch::randn({2, 4, 9, 8});
  const torch::Tensor k = torch::randn({2, 2, 9, 8});
  const torch::Tensor v = torch::randn({2, 2, 9, 8});
  const torch::Tensor expected = attend(q, k, v, {.scale = 0.4});
  const torch::Tensor found = attend(q, k, v, {.scale = 0.4, .products = torch::kBFloat16});
  EXPECT_EQ(found.scalar_type(), torch::kFloat32);
  const double difference = testing::largest_difference(found, expected);
  EXPECT_LT(difference, 0.05) << "eight bits of scores, weights, values and sums, each of size one to three";
  EXPECT_GT(difference, 1e-4) << "nothing was rounded";
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionTest,
                         ::testing::Values(Shape{1, 1, 1, 1, 2}, Shape{4, 2, 7, 7, 8}, Shape{4, 1, 1, 9, 8},
                                           Shape{2, 2, 5, 300, 4}, Shape{6, 2, 128, 128, 8}, Shape{3, 1, 129, 129, 8},
                                           Shape{2, 1, 300, 333, 4}, Shape{4, 2, 9, 9, 8, 3}, Shape{4, 2, 1, 40, 8, 7},
                                           Shape{2, 1, 300, 333, 4, 50}, Shape{2, 2, 260, 260, 4, 200},
                                           Shape{4, 2, 9, 9, 8, 1, 1.5}, Shape{3, 1, 129, 129, 8, 0, 0.7}));

}  // namespace
}  // namespace prunenet
