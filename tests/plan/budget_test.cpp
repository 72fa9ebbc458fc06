#include "prunenet/plan/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using nlohmann::json;
using testing::expect_error;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::int64_t sum(const std::vector<std::int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

TEST(KeptShares, AreThoseOfTheDefinition) {
  const Budget budget{.offsets = {2.0, 0.0, -1.0}, .floor = 0.01};
  const std::vector<double> shares = kept_shares(budget, 0.4);
  EXPECT_NEAR(mean(shares), 0.6, 1e-12);
  const auto logit = [](double p) { return std::log(p / (1.0 - p)); };
  EXPECT_NEAR(logit(shares[0]) - logit(shares[1]), 2.0, 1e-9);
  EXPECT_NEAR(logit(shares[1]) - logit(shares[2]), 1.0, 1e-9);
}

TEST(KeptShares, KeepTheFloorAndShareTheRest) {
  const Budget budget{.offsets = {5.0, 0.0, -50.0}, .floor = 0.25};
  const std::vector<double> shares = kept_shares(budget, 0.5);
  EXPECT_EQ(shares[2], 0.25);
  EXPECT_NEAR(mean(shares), 0.5, 1e-12);
  for (const double share : kept_shares(budget, 0.9)) EXPECT_EQ(share, 0.25) << "nothing is left to share";
  for (const double share : kept_shares(budget, 0.0)) EXPECT_NEAR(share, 1.0, 1e-12);
}

RC_GTEST_PROP(BudgetWidths, SumToTheUniformOnesInMultiples, ()) {
  const auto layers = *rc::gen::inRange<std::size_t>(1, 12);
  Budget budget;
  for (std::size_t i = 0; i < layers; ++i) {
    budget.offsets.push_back(static_cast<double>(*rc::gen::inRange(-400, 400)) / 100.0);
  }
  budget.floor = static_cast<double>(*rc::gen::inRange(0, 100)) / 100.0;
  const auto neurons = *rc::gen::inRange<std::int64_t>(1, 3000);
  const auto round_to = *rc::gen::inRange<std::int64_t>(1, std::min<std::int64_t>(neurons, 128) + 1);
  const double ratio = static_cast<double>(*rc::gen::inRange(0, 96)) / 100.0;
  const std::vector<std::int64_t> widths = budget_widths(budget, neurons, ratio, round_to);
  const std::int64_t uniform = width_for_ratio(neurons, ratio, round_to);
  RC_ASSERT(widths.size() == layers);
  RC_ASSERT(sum(widths) == uniform * static_cast<std::int64_t>(layers));
  for (std::size_t i = 0; i < layers; ++i) {
    RC_ASSERT(widths[i] == neurons || widths[i] % round_to == 0);
    RC_ASSERT(widths[i] >= std::min(round_to, neurons));
    RC_ASSERT(widths[i] <= neurons);
    for (std::size_t j = 0; j < layers; ++j) {
      if (budget.offsets[i] > budget.offsets[j]) RC_ASSERT(widths[i] + round_to >= widths[j]);
    }
  }
}

TEST(BudgetWidths, OffsetsOfZeroAreUniform) {
  const Budget budget{.offsets = std::vector<double>(30, 0.0), .floor = 0.2};
  for (const double ratio : {0.0, 0.2, 0.3, 0.5, 0.95}) {
    EXPECT_EQ(budget_widths(budget, 1536, ratio, 32), std::vector<std::int64_t>(30, width_for_ratio(1536, ratio, 32)));
  }
}

TEST(BudgetWidths, ComeAsNearToTheSharesAsMultiplesAllow) {
  const Budget budget{.offsets = {2.5, 0.5, -0.5, -1.0}, .floor = 0.2};
  const std::vector<std::int64_t> widths = budget_widths(budget, 11008, 0.3, 256);
  const std::vector<double> shares = kept_shares(budget, 0.3);
  for (std::size_t layer = 0; layer < widths.size(); ++layer) {
    EXPECT_NEAR(static_cast<double>(widths[layer]), shares[layer] * 11008.0, 256.0);
  }
}

TEST(BudgetForDepth, KeepsRelativePlaces) {
  const Budget budget{.offsets = {3.0, 1.0, 0.0, -2.0}, .floor = 0.3};
  EXPECT_EQ(budget_for_depth(budget, 4).offsets, budget.offsets);
  EXPECT_EQ(budget_for_depth(budget, 2).offsets, (std::vector<double>{2.0, -1.0}));
  const Budget deeper = budget_for_depth(budget, 8);
  EXPECT_EQ(deeper.offsets, (std::vector<double>{3.0, 2.5, 1.5, 0.75, 0.25, -0.5, -1.5, -2.0}));
  EXPECT_EQ(deeper.floor, 0.3);
}

TEST(BudgetPlan, KeepsTheBestOfEachLayer) {
  const std::vector<std::vector<float>> scores{{4, 3, 2, 1}, {1, 2, 3, 4}};
  const Budget budget{.offsets = {1.2, -1.2}, .floor = 0.1};
  const Plan plan = make_budget_plan(scores, budget, 0.5, 1, "test");
  EXPECT_EQ(plan.keep_indices, (std::vector<std::vector<std::int64_t>>{{0, 1, 2}, {3}}));
  EXPECT_EQ(plan.achieved_ratio(), 0.5);
  EXPECT_EQ(to_json(plan_from_json(to_json(plan))), to_json(plan));
  expect_error(ErrorKind::kMismatch, {"3 layers", "2"}, [&] {
    (void)make_budget_plan(scores, {.offsets = {0.0, 0.0, 0.0}}, 0.5, 1, "test");
  });
}

TEST(BudgetJson, IsWrittenAndReadAndRefusesTheRest) {
  const Budget budget{.offsets = {0.5, -1.25}, .floor = 0.3};
  EXPECT_EQ(to_json(budget_from_json(to_json(budget))), to_json(budget));
  for (const json& bad : {json(3), json{{"offsets", {1.0}}}, json{{"offsets", json::array()}, {"floor", 0.1}},
                          json{{"offsets", {1e9}}, {"floor", 0.1}}, json{{"offsets", {"a"}}, {"floor", 0.1}},
                          json{{"offsets", {1.0}}, {"floor", 1.5}}, json{{"offsets", {1.0}}, {"floor", nullptr}}}) {
    expect_error(ErrorKind::kBadInput, {"budget"}, [&] { (void)budget_from_json(bad); });
  }
  expect_error(ErrorKind::kInvalidArgument, {"no layers"}, [] { (void)kept_shares({.offsets = {}}, 0.3); });
  expect_error(ErrorKind::kInvalidArgument, {"ratio"}, [] { (void)kept_shares({.offsets = {0.0}}, 0.99); });
}

}  // namespace
}  // namespace prunenet
