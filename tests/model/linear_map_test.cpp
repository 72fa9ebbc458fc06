#include "prunenet/model/linear_map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace prunenet {
namespace {

/// Unit roundoff of bfloat16: eight bits, rounded to nearest.
const double kRoundoff = std::ldexp(1.0, -9);

double relative_error(const torch::Tensor& found, const torch::Tensor& expected) {
  return (found.to(torch::kFloat64) - expected).norm().item<double>() / expected.norm().item<double>();
}

/// libtorch 1.13 adds the terms of such products up in bfloat16, too, where it has no kernel for the processor: 256 + 1
/// is 256 then.
bool sums_in_float32() {
  constexpr std::int64_t kTerms = 512;
  const torch::Tensor ones = torch::ones({kTerms, kTerms}, torch::kBFloat16);
  return ones.mm(ones).max().item<float>() == static_cast<float>(kTerms);
}

class LinearMap : public ::testing::Test {
 protected:
  LinearMap() {
    torch::manual_seed(3);
    x_ = torch::randn({7, 48});
    weight_ = torch::randn({33, 48});
    bias_ = torch::randn({33});
  }
  torch::Tensor x_, weight_, bias_;
};

TEST_F(LinearMap, OfOneTypeIsThatOfTorch) {
  EXPECT_TRUE(torch::equal(linear_map(x_, weight_, bias_), at::linear(x_, weight_, bias_)));
}

TEST_F(LinearMap, InBfloat16IsOffByItsRounding) {
  const torch::Tensor found = linear_map(x_, weight_.to(torch::kBFloat16), bias_);
  EXPECT_EQ(found.scalar_type(), torch::kFloat32);
  const torch::Tensor expected =
      at::linear(x_.to(torch::kFloat64), weight_.to(torch::kFloat64), bias_.to(torch::kFloat64));
  const double error = relative_error(found, expected);
  EXPECT_LT(error, 3.0 * kRoundoff) << "x, W and the product are rounded once each";
  EXPECT_GT(error, 0.1 * kRoundoff) << "nothing was rounded";
}

TEST_F(LinearMap, GradientsComeInTheTypeOfWhatTheyAreOf) {
  if (!sums_in_float32()) GTEST_SKIP() << "on this processor libtorch sums products of bfloat16 in bfloat16";
  x_.requires_grad_(true);
  weight_.requires_grad_(true);
  const torch::Tensor outer = torch::randn({7, 33});
  linear_map(x_, weight_.to(torch::kBFloat16)).backward(outer);
  EXPECT_EQ(weight_.grad().scalar_type(), torch::kFloat32);
  const torch::Tensor of_rows = outer.to(torch::kFloat64);
  EXPECT_LT(relative_error(x_.grad(), of_rows.mm(weight_.detach().to(torch::kFloat64))), 3.0 * kRoundoff);
  EXPECT_LT(relative_error(weight_.grad(), of_rows.t().mm(x_.detach().to(torch::kFloat64))), 3.0 * kRoundoff);
}

}  // namespace
}  // namespace prunenet
