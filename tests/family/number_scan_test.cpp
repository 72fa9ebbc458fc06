#include "prunenet/family/number_scan.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace prunenet {
namespace {

using Found = std::vector<std::string>;

TEST(NumberScan, CountsWhatIsNotFiniteAndThenSaysNothingElse) {
  const std::vector<float> values{
      std::numeric_limits<float>::quiet_NaN(), 1.0F, std::numeric_limits<float>::infinity(), 0.0F, 0.0F, 0.0F};
  NumberScan scan({2, 3}, NeuronsAre::kRows);
  scan.add(0, values);
  EXPECT_EQ(scan.oddities(), Found{"2 numbers not finite"});
}

TEST(NumberScan, LooksForNeuronsWhereThereAreSome) {
  NumberScan scan({4}, NeuronsAre::kNone);
  scan.add(0, std::vector<float>(4, 0.0F));
  EXPECT_EQ(scan.oddities(), Found{});
}

RC_GTEST_PROP(NumberScan, FindsTheSameWhereverPiecesEnd, ()) {
  const auto rows = *rc::gen::inRange<std::int64_t>(1, 12);
  const auto columns = *rc::gen::inRange<std::int64_t>(1, 12);
  const bool by_column = *rc::gen::arbitrary<bool>();
  const auto neurons = static_cast<std::size_t>(by_column ? columns : rows);
  const auto kinds =
      *rc::gen::container<std::vector<int>>(neurons, rc::gen::inRange(0, 3));  // zeros, a constant, other
  std::vector<float> values;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const int kind = kinds[static_cast<std::size_t>(by_column ? column : row)];
      values.push_back(kind == 0 ? 0.0F : kind == 1 ? 0.5F : static_cast<float>(1 + row * columns + column));
    }
  }
  NumberScan scan({rows, columns}, by_column ? NeuronsAre::kColumns : NeuronsAre::kRows);
  const std::span<const float> all(values);
  for (std::size_t first = 0; first < all.size();) {
    const auto count = *rc::gen::inRange<std::size_t>(1, all.size() - first + 1);
    scan.add(first, all.subspan(first, count));
    first += count;
  }
  const auto zero = std::ranges::count(kinds, 0);
  const bool single = (by_column ? rows : columns) == 1;  // a neuron of one number has one and the same everywhere
  const auto constant = single ? static_cast<std::ptrdiff_t>(neurons) - zero : std::ranges::count(kinds, 1);
  Found expected;
  if (zero > 0) expected.push_back(std::to_string(zero) + (zero == 1 ? " neuron" : " neurons") + " of zeros");
  if (constant > 0) {
    expected.push_back(std::to_string(constant) + (constant == 1 ? " neuron" : " neurons") + " of one number");
  }
  RC_ASSERT(scan.oddities() == expected);
}

}  // namespace
}  // namespace prunenet
