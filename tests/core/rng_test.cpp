#include "prunenet/core/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "support/expect_error.h"

namespace prunenet {
namespace {

TEST(Rng, SameSeedSameNumbersOtherStreamOthers) {
  Rng a(7, 1);
  Rng b(7, 1);
  Rng c(7, 2);
  const auto first = a.bits();
  EXPECT_EQ(first, b.bits());
  EXPECT_NE(first, c.bits());
}

TEST(Rng, StateResumesExactly) {
  Rng a(1);
  for (int i = 0; i < 1000; ++i) (void)a.uniform();
  Rng b(2);
  b.restore(a.state());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(a.bits(), b.bits());
  testing::expect_error(ErrorKind::kBadInput, {"mt19937_64"}, [&] { b.restore("not a state"); });
}

TEST(Rng, MomentsOfTheDistributions) {
  Rng rng(3);
  constexpr int kDraws = 200'000;
  double uniform = 0.0;
  double gumbel = 0.0;
  double normal = 0.0;
  double square = 0.0;
  std::array<int, 3> counts{};
  for (int i = 0; i < kDraws; ++i) {
    uniform += rng.uniform();
    gumbel += rng.gumbel();
    const double value = rng.normal();
    normal += value;
    square += value * value;
    ++counts.at(rng.below(3));
  }
  // Bounds are five standard errors.
  EXPECT_NEAR(uniform / kDraws, 0.5, 5 * 0.2887 / std::sqrt(kDraws));
  EXPECT_NEAR(gumbel / kDraws, 0.5772156649, 5 * 1.2825 / std::sqrt(kDraws));
  EXPECT_NEAR(normal / kDraws, 0.0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(square / kDraws, 1.0, 5 * std::sqrt(2.0 / kDraws));
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 3.0, 5 * std::sqrt(kDraws * 2.0 / 9.0));
}

}  // namespace
}  // namespace prunenet
