#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "prunenet/plan/plan.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;

TEST(Rounding, PresetsAndNumbers) {
  EXPECT_EQ(parse_rounding("none"), 1);
  EXPECT_EQ(parse_rounding("tensorcore"), 64);
  EXPECT_EQ(parse_rounding("gguf"), 32);
  EXPECT_EQ(parse_rounding("gguf-k"), 256);
  EXPECT_EQ(parse_rounding("marlin"), 128);
  EXPECT_EQ(parse_rounding("48"), 48);
}

TEST(RoundingErrors, NeitherPresetNorPositiveNumber) {
  for (const std::string text : {"", "0", "-8", "8.5", "8 ", "tensor", "99999999999999999999"}) {
    expect_error(ErrorKind::kInvalidArgument, {"\"" + text + "\"", "tensorcore (64)", "gguf-k (256)"},
                 [&] { (void)parse_rounding(text); });
  }
}

TEST(Rounding, DefaultFollowsTheWidthThatStays) {
  EXPECT_EQ(default_rounding(1536, 0.3), 32);
  EXPECT_EQ(default_rounding(8192, 0.3), 256);
  EXPECT_EQ(default_rounding(8192, 0.9), 32);   // 819 neurons stay
  EXPECT_EQ(default_rounding(3000, 0.3), 256);  // 2100 stay, which is 2048 in multiples of 256
  EXPECT_EQ(default_rounding(2600, 0.3), 32);
  EXPECT_EQ(default_rounding(64, 0.3), 32);
  EXPECT_EQ(default_rounding(63, 0.3), 1);
}

TEST(Width, ByHand) {
  EXPECT_EQ(width_for_ratio(1536, 0.3, 1), 1075);   // 1075.2
  EXPECT_EQ(width_for_ratio(1536, 0.3, 32), 1088);  // 33.6 multiples
  EXPECT_EQ(width_for_ratio(1536, 0.5, 256), 768);
  EXPECT_EQ(width_for_ratio(100, 0.95, 32), 32);  // at least one multiple
  EXPECT_EQ(width_for_ratio(100, 0.05, 32), 96);
}

TEST(Width, NothingRemovedKeepsAWidthThatIsNoMultiple) {
  EXPECT_EQ(width_for_ratio(100, 0.0, 32), 100);
  EXPECT_EQ(width_for_ratio(120, 0.01, 32), 120);  // nearest multiple is 128, more than there are
}

RC_GTEST_PROP(Width, IsTheNearestMultipleWithinBounds, ()) {
  const auto size = *rc::gen::inRange<std::int64_t>(1, 20000);
  const auto round_to = *rc::gen::inRange<std::int64_t>(1, std::min<std::int64_t>(size, 300) + 1);
  const double ratio = *rc::gen::inRange(0, 951) / 1000.0;
  const std::int64_t width = width_for_ratio(size, ratio, round_to);
  const double wanted = (1.0 - ratio) * static_cast<double>(size);
  RC_ASSERT(width >= 1);
  RC_ASSERT(width <= size);
  RC_ASSERT(width == size || width % round_to == 0);
  if (width > round_to)
    RC_ASSERT(std::abs(static_cast<double>(width) - wanted) <= 0.5 * static_cast<double>(round_to) + 1e-6);
}

RC_GTEST_PROP(Width, FallsAsTheRatioGrows, ()) {
  const auto size = *rc::gen::inRange<std::int64_t>(1, 20000);
  const auto round_to = *rc::gen::inRange<std::int64_t>(1, std::min<std::int64_t>(size, 300) + 1);
  const int smaller = *rc::gen::inRange(0, 951);
  const int larger = *rc::gen::inRange(smaller, 951);
  RC_ASSERT(width_for_ratio(size, smaller / 1000.0, round_to) >= width_for_ratio(size, larger / 1000.0, round_to));
}

TEST(WidthErrors, RatioAndMultiple) {
  for (const double ratio : {-0.1, 0.951, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    expect_error(ErrorKind::kInvalidArgument, {"ratio", "[0, 0.95]"}, [&] { (void)width_for_ratio(100, ratio, 1); });
    expect_error(ErrorKind::kInvalidArgument, {"ratio", "[0, 0.95]"}, [&] { (void)default_rounding(100, ratio); });
  }
  expect_error(ErrorKind::kInvalidArgument, {"multiples of 0", "[1, 100]"}, [] { (void)width_for_ratio(100, 0.3, 0); });
  expect_error(ErrorKind::kInvalidArgument, {"multiples of 101", "intermediate_size is 100"},
               [] { (void)width_for_ratio(100, 0.3, 101); });
}

}  // namespace
}  // namespace prunenet
