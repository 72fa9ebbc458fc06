#include "prunenet/prune/target.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "prune/tiny_llama.h"
#include "prunenet/plan/plan.h"
#include "prunenet/prune/prune.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;

TEST(Target, IsReadWithItsUnit) {
  const auto expect = [](const char* text, Target::Cost cost, double value, bool share = false) {
    const Target target = parse_target(text);
    EXPECT_EQ(target.cost, cost) << text;
    EXPECT_DOUBLE_EQ(target.value, value) << text;
    EXPECT_EQ(target.share, share) << text;
  };
  expect("params=100M", Target::Cost::kParameters, 100e6);
  expect("params=1.5B", Target::Cost::kParameters, 1.5e9);
  expect("params=900", Target::Cost::kParameters, 900);
  expect("size=80MB", Target::Cost::kBytes, 80e6);
  expect("size=2GiB", Target::Cost::kBytes, 2.0 * 1024 * 1024 * 1024);
  expect("size=3kB", Target::Cost::kBytes, 3000);
  expect("macs=90M", Target::Cost::kMacs, 90e6);
  expect("macs=70%", Target::Cost::kMacs, 0.7, true);
}

TEST(TargetErrors, WhatIsNotUnderstood) {
  for (const char* text : {"100M", "weight=3", "params=", "params=-3M", "params=3X", "size=80MBB", "macs=4B",
                           "size=nan", "params=0", "size=70%%"}) {
    expect_error(ErrorKind::kInvalidArgument, {text, "params=100M", "70%"}, [&] { (void)parse_target(text); });
  }
}

class TargetTest : public ::testing::Test {
 protected:
  void SetUp() override { tiny_.write(place_ / "dense"); }
  [[nodiscard]] std::int64_t width(const char* target, std::int64_t round_to = 1) const {
    const Checkpoint checkpoint = Checkpoint::open(place_ / "dense");
    const auto family = make_family(checkpoint);
    return width_for_target(family->config().intermediate_size, parse_target(target), round_to, [&](std::int64_t kept) {
      return estimate_prune(checkpoint, *family, plan_of_width(family->config(), kept));
    });
  }
  [[nodiscard]] PruneEstimate estimate(std::int64_t width) const {
    const Checkpoint checkpoint = Checkpoint::open(place_ / "dense");
    const std::vector<std::vector<float>> scores(2, std::vector<float>(6, 1.0F));
    Plan plan = make_uniform_plan(scores, 0.0, 1, "test");
    for (auto& keep : plan.keep_indices) keep.resize(static_cast<std::size_t>(width));
    return estimate_prune(checkpoint, *make_family(checkpoint), plan);
  }

  testing::TemporaryDirectory place_;
  testing::TinyLlama tiny_;
};

TEST_F(TargetTest, LargestWidthThatMeetsIt) {
  for (const std::int64_t kept : {2, 3, 5}) {
    const PruneEstimate sizes = estimate(kept);
    EXPECT_EQ(width(fmt::format("params={}", sizes.parameters_after).c_str()), kept);
    EXPECT_EQ(width(fmt::format("params={}", sizes.parameters_after + 1).c_str()), kept);
    EXPECT_EQ(width(fmt::format("size={}", sizes.bytes_after).c_str()), kept);
    EXPECT_EQ(width(fmt::format("macs={}", sizes.macs_after).c_str()), kept);
  }
  const PruneEstimate sizes = estimate(5);
  EXPECT_EQ(width(fmt::format("params={}", sizes.parameters_after).c_str(), 2), 4) << "multiples of 2 only";
}

TEST_F(TargetTest, SharesAreThoseOfTheDenseModel) {
  const PruneEstimate sizes = estimate(3);
  const double share = 100.0 * static_cast<double>(sizes.macs_after) / static_cast<double>(sizes.macs_before);
  EXPECT_EQ(width(fmt::format("macs={}%", share + 0.01).c_str()), 3);
}

TEST_F(TargetTest, MultiplyAccumulatesAreThoseOfTheMatrices) {
  // Of what a neuron costs only its two rows and its column take part in products.
  const PruneEstimate sizes = estimate(4);
  EXPECT_EQ(sizes.macs_before - sizes.macs_after, 2U * 2U * 3U * static_cast<std::uint64_t>(tiny_.hidden));
}

TEST(RatioForTarget, RoundsAsTheWidthIsRounded) {
  const EstimateOfWidth estimate = [](std::int64_t width) {
    PruneEstimate sizes;
    sizes.parameters_before = 1000 + 3072;
    sizes.parameters_after = static_cast<std::uint64_t>(1000 + width);
    return sizes;
  };
  const auto expect = [&](const char* target, std::optional<std::int64_t> asked, std::int64_t width,
                          std::int64_t round_to) {
    const RatioForTarget found = ratio_for_target(3072, parse_target(target), asked, estimate);
    EXPECT_EQ(width_for_ratio(3072, found.ratio, found.round_to), width) << target;
    EXPECT_EQ(found.round_to, round_to) << target;
  };
  expect("params=3500", {}, 2304, 256);
  expect("params=2850", {}, 1824, 32);  // of multiples of 256 the largest is 1792, whose default is 32
  expect("params=2850", 8, 1848, 8);
  expect("params=3500", 1, 2500, 1);
}

TEST_F(TargetTest, WhatCannotBeMet) {
  expect_error(ErrorKind::kInvalidArgument, {"params=3", "cannot be met", "1 of 6 neurons"},
               [&] { (void)width("params=3"); });
  expect_error(ErrorKind::kInvalidArgument, {"size=1e+09", "without pruning"}, [&] { (void)width("size=1GB"); });
}

}  // namespace
}  // namespace prunenet
