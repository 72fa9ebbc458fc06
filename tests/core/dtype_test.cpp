#include "prunenet/core/dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "support/expect_error.h"

namespace prunenet {
namespace {

// The hardware's own conversions are the oracle: GCC's _Float16 rounds to nearest even, as IEEE 754 says.
std::uint16_t oracle_half(float value) {
  return std::bit_cast<std::uint16_t>(static_cast<_Float16>(value));
}

TEST(Half, EveryPatternWidensAsTheHardwareDoes) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const auto expected = static_cast<float>(std::bit_cast<_Float16>(half));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(half_to_float(half))) << bits;
    } else {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(half_to_float(half)), std::bit_cast<std::uint32_t>(expected)) << bits;
    }
  }
}

TEST(Half, NarrowingRoundsToNearestEven) {
  std::uint32_t bits = 1;
  for (int i = 0; i < 2'000'000; ++i) {
    bits = bits * 1664525U + 1013904223U;
    const auto value = std::bit_cast<float>(bits);
    if (std::isnan(value)) continue;
    ASSERT_EQ(float_to_half(value), oracle_half(value)) << value;
  }
  for (std::uint32_t half = 0; half < 0x7C00; ++half) {  // every midpoint between two neighbours
    const float low = half_to_float(static_cast<std::uint16_t>(half));
    const float high = half + 1 == 0x7C00 ? 65536.0F : half_to_float(static_cast<std::uint16_t>(half + 1));
    const float middle = low + (high - low) / 2;
    ASSERT_EQ(float_to_half(middle), oracle_half(middle)) << middle;
    ASSERT_EQ(float_to_half(-middle), oracle_half(-middle)) << -middle;
  }
}

TEST(Bfloat16, NarrowingRoundsToNearestEvenAndKeepsNan) {
  EXPECT_EQ(float_to_bfloat16(1.0F), 0x3F80);
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3F808000U)), 0x3F80);  // tie to even, down
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3F818000U)), 0x3F82);  // tie to even, up
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3F808001U)), 0x3F81);
  EXPECT_TRUE(std::isnan(bfloat16_to_float(float_to_bfloat16(std::bit_cast<float>(0x7F800001U)))));
  EXPECT_EQ(bfloat16_to_float(float_to_bfloat16(std::numeric_limits<float>::max())),
            std::numeric_limits<float>::infinity());
}

TEST(Dtype, NamesRoundTrip) {
  for (const char* name : {"BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "I16", "U16", "F16", "BF16", "I32", "U32", "F32",
                           "F64", "I64", "U64"}) {
    const auto dtype = parse_dtype(name);
    ASSERT_TRUE(dtype.has_value()) << name;
    EXPECT_EQ(to_string(*dtype), name);
  }
  EXPECT_FALSE(parse_dtype("F4").has_value());
}

TEST(Dtype, FloatsSurviveTheirOwnType) {
  const std::vector<float> values{0.0F, -1.5F, 0.25F, 1024.0F};
  for (const Dtype dtype : {Dtype::kF16, Dtype::kBF16, Dtype::kF32, Dtype::kF64}) {
    const auto bytes = from_floats(values, dtype);
    EXPECT_EQ(bytes.size(), values.size() * size_of(dtype));
    EXPECT_EQ(to_floats(bytes, dtype), values) << to_string(dtype);
  }
}

TEST(Dtype, IntegersAreNotComputedWith) {
  testing::expect_error(ErrorKind::kUnsupported, {"I32"}, [] { (void)to_floats({}, Dtype::kI32); });
}

TEST(CheckedBytes, AreThoseOfTheShapeOrNothing) {
  EXPECT_EQ(checked_bytes(Dtype::kF32, std::vector<std::int64_t>{2, 3}), 24U);
  EXPECT_EQ(checked_bytes(Dtype::kBF16, {}), 2U);
  EXPECT_EQ(checked_bytes(Dtype::kF64, std::vector<std::int64_t>{std::int64_t{1} << 62, 0}), 0U);
  EXPECT_EQ(checked_bytes(Dtype::kF64, std::vector<std::int64_t>{std::int64_t{1} << 61}), std::nullopt);
  EXPECT_EQ(checked_bytes(Dtype::kU8, std::vector<std::int64_t>{std::int64_t{1} << 32, std::int64_t{1} << 32}),
            std::nullopt);
  EXPECT_EQ(checked_bytes(Dtype::kU8, std::vector<std::int64_t>{-1}), std::nullopt);
}

}  // namespace
}  // namespace prunenet
