#include "prunenet/features/standardize.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace prunenet {
namespace {

MatrixD column(const std::vector<double>& values) {
  return Eigen::Map<const VectorD>(values.data(), static_cast<Eigen::Index>(values.size()));
}

TEST(ZScores, MeanZeroDeviationOne) {
  const MatrixD scores = z_scores(column({1.0, 2.0, 3.0, 6.0}));
  EXPECT_NEAR(scores.mean(), 0.0, 1e-6);
  EXPECT_NEAR(scores.squaredNorm() / 3.0, 1.0, 1e-6);
}

TEST(ZScores, OutliersAreClampedAndConstantsAreZero) {
  std::vector<double> values(1000, 0.0);
  values[7] = 1e6;
  EXPECT_EQ(z_scores(column(values)).maxCoeff(), 4.0);
  EXPECT_EQ(z_scores(column({5.0, 5.0, 5.0})).cwiseAbs().maxCoeff(), 0.0);
}

TEST(RankScores, SpreadEvenlyInTheOrderOfTheValues) {
  const MatrixD scores = rank_scores(column({30.0, -1.0, 2.0, 2.0, 7.0}));
  EXPECT_EQ(scores, column({1.0, -1.0, -0.5, 0.0, 0.5}));
}

RC_GTEST_PROP(RankScores, KeepsOrderAndFillsTheRange, ()) {
  const auto values = *rc::gen::suchThat(rc::gen::container<std::vector<double>>(rc::gen::inRange(-50, 50)),
                                         [](const auto& list) { return list.size() > 1; });
  const MatrixD scores = rank_scores(column(values));
  const std::set<double> distinct(scores.data(), scores.data() + scores.size());
  RC_ASSERT(distinct.size() == values.size());
  RC_ASSERT(std::abs(*distinct.begin() + 1.0) < 1e-6 && std::abs(*distinct.rbegin() - 1.0) < 1e-5);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      if (values[i] < values[j]) RC_ASSERT(scores(Eigen::Index(i), 0) < scores(Eigen::Index(j), 0));
    }
  }
}

}  // namespace
}  // namespace prunenet
