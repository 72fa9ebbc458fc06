#include "prunenet/plan/plan.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using Indices = std::vector<std::int64_t>;

/// Few distinct values, so that equal scores are common.
std::vector<float> arbitrary_scores(std::size_t size) {
  return *rc::gen::container<std::vector<float>>(
      size, rc::gen::map(rc::gen::inRange(-5, 6), [](int value) { return 0.25F * static_cast<float>(value); }));
}

TEST(TopK, EqualScoresKeepTheLowerIndex) {
  const std::vector<float> scores{1.0F, 3.0F, 2.0F, 3.0F, 1.0F};
  EXPECT_EQ(top_k_indices(scores, 0), Indices{});
  EXPECT_EQ(top_k_indices(scores, 1), Indices{1});
  EXPECT_EQ(top_k_indices(scores, 3), (Indices{1, 2, 3}));
  EXPECT_EQ(top_k_indices(scores, 4), (Indices{0, 1, 2, 3}));
  EXPECT_EQ(top_k_indices(scores, 5), (Indices{0, 1, 2, 3, 4}));
}

RC_GTEST_PROP(TopK, IsAHeadOfTheStableOrder, ()) {
  const std::vector<float> scores = arbitrary_scores(static_cast<std::size_t>(*rc::gen::inRange(1, 60)));
  Indices order(scores.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  const auto count = *rc::gen::inRange<std::int64_t>(0, static_cast<std::int64_t>(scores.size()) + 1);
  Indices expected(order.begin(), order.begin() + count);
  std::sort(expected.begin(), expected.end());
  RC_ASSERT(top_k_indices(scores, count) == expected);
}

RC_GTEST_PROP(UniformPlan, IsNestedOverRatios, ()) {
  const auto size = static_cast<std::size_t>(*rc::gen::inRange(1, 80));
  const std::vector<std::vector<float>> scores{arbitrary_scores(size), arbitrary_scores(size)};
  const auto round_to = *rc::gen::inRange<std::int64_t>(1, static_cast<std::int64_t>(size) + 1);
  const int smaller = *rc::gen::inRange(0, 951);
  const int larger = *rc::gen::inRange(smaller, 951);
  const Plan light = make_uniform_plan(scores, smaller / 1000.0, round_to, "test");
  const Plan heavy = make_uniform_plan(scores, larger / 1000.0, round_to, "test");
  for (std::size_t layer = 0; layer < scores.size(); ++layer) {
    const Indices& outer = light.keep_indices[layer];
    const Indices& inner = heavy.keep_indices[layer];
    RC_ASSERT(std::includes(outer.begin(), outer.end(), inner.begin(), inner.end()));
  }
  RC_ASSERT(light.achieved_ratio() <= heavy.achieved_ratio());
}

TEST(UniformPlan, SaysWhatItWasMadeOf) {
  const std::vector<std::vector<float>> scores{{4, 3, 2, 1}, {1, 2, 3, 4}, {1, 4, 1, 4}};
  const Plan plan = make_uniform_plan(scores, 0.4, 2, "by hand");
  EXPECT_EQ(plan.source, "by hand");
  EXPECT_EQ(plan.intermediate_size, 4);
  EXPECT_EQ(plan.requested_ratio, 0.4);
  EXPECT_EQ(plan.round_to, 2);
  EXPECT_EQ(plan.keep_indices, (std::vector<Indices>{{0, 1}, {2, 3}, {1, 3}}));
  EXPECT_EQ(plan.achieved_ratio(), 0.5);
  EXPECT_EQ(plan.uniform_width(), 2);
}

TEST(UniformPlan, OfRatioZeroKeepsEverythingWhateverTheRounding) {
  const Plan plan = make_uniform_plan({std::vector<float>(7, 1.0F)}, 0.0, 4, "test");
  EXPECT_EQ(plan.uniform_width(), 7);
  EXPECT_EQ(plan.achieved_ratio(), 0.0);
}

TEST(UniformPlan, OfSaturatedOrEqualScoresIsAPlanLikeAnyOther) {
  constexpr float kHuge = std::numeric_limits<float>::max();
  constexpr float kTiny = std::numeric_limits<float>::denorm_min();
  const Plan plan = make_uniform_plan(
      {{-kHuge, kHuge, 1e30F, kHuge}, {0.0F, -0.0F, kTiny, -kTiny}, {1e30F, 1e30F, 1e30F, 1e30F}}, 0.5, 1, "test");
  EXPECT_EQ(plan.keep_indices, (std::vector<Indices>{{1, 3}, {0, 2}, {0, 1}}));
}

TEST(UniformPlanErrors, Scores) {
  expect_error(ErrorKind::kInvalidArgument, {"no layers"}, [] { (void)make_uniform_plan({}, 0.3, 1, "test"); });
  expect_error(ErrorKind::kInvalidArgument, {"layer 1", "2 scores", "layer 0 has 3"}, [] {
    (void)make_uniform_plan({{1, 2, 3}, {1, 2}}, 0.3, 1, "test");
  });
  expect_error(ErrorKind::kNumerical, {"layer 1, neuron 2", "nan"}, [] {
    (void)make_uniform_plan({{1, 2, 3}, {1, 2, std::numeric_limits<float>::quiet_NaN()}}, 0.3, 1, "test");
  });
}

TEST(TopKErrors, Count) {
  const std::vector<float> scores{1.0F, 2.0F};
  expect_error(ErrorKind::kInvalidArgument, {"3 neurons", "of 2"}, [&] { (void)top_k_indices(scores, 3); });
  expect_error(ErrorKind::kInvalidArgument, {"-1 neurons", "of 2"}, [&] { (void)top_k_indices(scores, -1); });
}

TEST(PlanErrors, LayersOfDifferentWidths) {
  Plan plan;
  expect_error(ErrorKind::kMismatch, {"no layers"}, [&] { (void)plan.uniform_width(); });
  plan.intermediate_size = 4;
  plan.keep_indices = {{0, 1}, {0, 1}, {3}};
  EXPECT_NEAR(plan.achieved_ratio(), 7.0 / 12.0, 1e-15);
  expect_error(ErrorKind::kMismatch, {"2 neurons in layer 0", "1 in layer 2"}, [&] { (void)plan.uniform_width(); });
}

TEST(PlanErrors, AnotherModel) {
  Plan plan;
  plan.intermediate_size = 4;
  plan.keep_indices = {{0, 1}, {0, 1}};
  check_plan_fits(plan, 2, 4);
  expect_error(ErrorKind::kMismatch, {"2 layers of intermediate_size 4", "3 layers of 4"},
               [&] { check_plan_fits(plan, 3, 4); });
  expect_error(ErrorKind::kMismatch, {"2 layers of intermediate_size 4", "2 layers of 8"},
               [&] { check_plan_fits(plan, 2, 8); });
}

}  // namespace
}  // namespace prunenet
