#include "prunenet/features/standardize.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace prunenet {
namespace {

MatrixF column(const std::vector<float>& values) {
  return Eigen::Map<const VectorF>(values.data(), static_cast<Eigen::Index>(values.size()));
}

TEST(ZScores, MeanZeroDeviationOne) {
  const MatrixF scores = z_scores(column({1.0F, 2.0F, 3.0F, 6.0F}));
  EXPECT_NEAR(scores.mean(), 0.0, 1e-6);
  EXPECT_NEAR(scores.squaredNorm() / 3.0, 1.0, 1e-6);
}

TEST(ZScores, OutliersAreClampedAndConstantsAreZero) {
  std::vector<float> values(1000, 0.0F);
  values[7] = 1e6F;
  EXPECT_EQ(z_scores(column(values)).maxCoeff(), 4.0F);
  EXPECT_EQ(z_scores(column({5.0F, 5.0F, 5.0F})).cwiseAbs().maxCoeff(), 0.0F);
}

TEST(RankScores, SpreadEvenlyInTheOrderOfTheValues) {
  const MatrixF scores = rank_scores(column({30.0F, -1.0F, 2.0F, 2.0F, 7.0F}));
  EXPECT_EQ(scores, column({1.0F, -1.0F, -0.5F, 0.0F, 0.5F}));
}

RC_GTEST_PROP(RankScores, KeepsOrderAndFillsTheRange, ()) {
  const auto values = *rc::gen::suchThat(rc::gen::container<std::vector<float>>(rc::gen::inRange(-50, 50)),
                                         [](const auto& list) { return list.size() > 1; });
  const MatrixF scores = rank_scores(column(values));
  const std::set<float> distinct(scores.data(), scores.data() + scores.size());
  RC_ASSERT(distinct.size() == values.size());
  RC_ASSERT(std::abs(*distinct.begin() + 1.0F) < 1e-6F && std::abs(*distinct.rbegin() - 1.0F) < 1e-5F);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      if (values[i] < values[j]) RC_ASSERT(scores(Eigen::Index(i), 0) < scores(Eigen::Index(j), 0));
    }
  }
}

}  // namespace
}  // namespace prunenet
