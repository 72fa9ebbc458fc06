#include "prunenet/report/statistics.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using Values = std::vector<double>;

TEST(Spread, IsMedianAndEnds) {
  EXPECT_FALSE(spread_of({}).has_value());
  const Spread odd = spread_of({3.0, 1.0, 2.0}).value();
  EXPECT_EQ(odd.median, 2.0);
  EXPECT_EQ(odd.smallest, 1.0);
  EXPECT_EQ(odd.largest, 3.0);
  EXPECT_EQ(spread_of({4.0, 1.0, 2.0, 3.0})->median, 2.5);
}

TEST(RankCorrelation, KnowsOrderOnly) {
  EXPECT_DOUBLE_EQ(rank_correlation(Values{1, 2, 3, 4}, Values{1, 10, 100, 1000}).value(), 1.0);
  EXPECT_DOUBLE_EQ(rank_correlation(Values{1, 2, 3, 4}, Values{4, 3, 2, 1}).value(), -1.0);
  // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]): the two sevens share rank 3.5
  EXPECT_NEAR(rank_correlation(Values{1, 2, 3, 4, 5}, Values{5, 6, 7, 8, 7}).value(), 0.8207826816681233, 1e-14);
}

TEST(RankCorrelation, NeedsSomethingToRank) {
  EXPECT_FALSE(rank_correlation(Values{}, Values{}).has_value());
  EXPECT_FALSE(rank_correlation(Values{1}, Values{2}).has_value());
  EXPECT_FALSE(rank_correlation(Values{1, 1, 1}, Values{1, 2, 3}).has_value());
  expect_error(ErrorKind::kInvalidArgument, {"2", "1", "pairs"}, [] {
    static_cast<void>(rank_correlation(Values{1, 2}, Values{1}));
  });
}

/// Without ties Spearman's coefficient is 1 - 6 sum d^2 / (n (n^2 - 1)).
RC_GTEST_PROP(RankCorrelation, IsTheFormulaOfDifferences, ()) {
  const auto left = *rc::gen::unique<std::vector<int>>(rc::gen::inRange(-1000, 1000));
  RC_PRE(left.size() >= 2U);
  std::vector<int> right = left;
  for (int& value : right) value = (value * 7919) % 10007;  // another order; stays free of ties
  const auto rank = [](const std::vector<int>& values, int value) {
    return static_cast<double>(std::count_if(values.begin(), values.end(), [&](int other) { return other < value; }));
  };
  double squares = 0.0;
  for (std::size_t at = 0; at < left.size(); ++at)
    squares += std::pow(rank(left, left[at]) - rank(right, right[at]), 2);
  const auto n = static_cast<double>(left.size());
  const double expected = 1.0 - 6.0 * squares / (n * (n * n - 1.0));
  const double found = rank_correlation(Values(left.begin(), left.end()), Values(right.begin(), right.end())).value();
  RC_ASSERT(std::abs(found - expected) < 1e-12);
}

}  // namespace
}  // namespace prunenet
