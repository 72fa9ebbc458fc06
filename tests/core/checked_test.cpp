#include "prunenet/core/checked.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace prunenet {
namespace {

constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();

TEST(Checked, SumsAndProductsStopAtTheBorder) {
  EXPECT_EQ(checked_add(kMax - 1, 1), kMax);
  EXPECT_FALSE(checked_add(kMax, 1).has_value());
  EXPECT_EQ(checked_multiply(kMax / 2, 2), kMax - 1);
  EXPECT_FALSE(checked_multiply(kMax / 2 + 1, 2).has_value());
}

TEST(Checked, ProductOfAShape) {
  EXPECT_EQ(checked_product({}), 1U);
  EXPECT_EQ(checked_product(std::array<std::int64_t, 3>{2, 0, 5}), 0U);
  EXPECT_EQ(checked_product(std::array<std::int64_t, 2>{3, 7}), 21U);
  EXPECT_FALSE(checked_product(std::array<std::int64_t, 1>{-1}).has_value());
  EXPECT_FALSE(checked_product(std::array<std::int64_t, 3>{1LL << 32, 1LL << 32, 2}).has_value());
}

}  // namespace
}  // namespace prunenet
