#include "prunenet/checkpoint/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <random>

#include "prunenet/checkpoint/gguf_file.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;

constexpr std::array kWritten{GgufType::kF32, GgufType::kF16, GgufType::kBF16, GgufType::kQ40,
                              GgufType::kQ41, GgufType::kQ50, GgufType::kQ51,  GgufType::kQ80};

// quantized.gguf is written by tests/data/make_gguf_goldens.py with gguf-py, which is held to ggml's C code.
TEST(QuantizeGolden, EveryTypeGivesTheBytesOfGgufPy) {
  const GgufFile file = GgufFile::open(std::filesystem::path(PRUNENET_TEST_DATA) / "gguf" / "quantized.gguf");
  const std::vector<float> values = file.read("values");
  ASSERT_EQ(file.names().size(), 8U);
  for (const std::string& name : file.names()) {
    const GgufType type = file.tensor(name).type;
    EXPECT_EQ(quantize(type, values), file.read_blocks(name)) << name;
  }
}

/// The largest distance of a value from its block's nearest level, in steps: half a step, and what half precision of
/// the scale adds; Q4_0 and Q5_0 clip the side opposite to the extreme value by up to one step.
TEST(QuantizeProperty, ValuesComeBackWithinTheStepOfTheirBlock) {
  std::mt19937 generator(7);
  std::normal_distribution<float> normal(0.0F, 0.03F);
  std::vector<float> values(64 * 32);
  for (float& value : values) value = normal(generator);
  for (const GgufType type : kWritten) {
    std::vector<float> back(values.size());
    dequantize(type, quantize(type, values), back);
    for (std::size_t block = 0; block < values.size(); block += 32) {
      const auto [min, max] = std::minmax_element(values.begin() + static_cast<std::ptrdiff_t>(block),
                                                  values.begin() + static_cast<std::ptrdiff_t>(block) + 32);
      const float largest = std::max(std::abs(*min), std::abs(*max));
      float allowed = 0.0F;
      if (type == GgufType::kF16) allowed = largest / 2048;
      if (type == GgufType::kBF16) allowed = largest / 256;
      if (type == GgufType::kQ40) allowed = largest / 8;
      if (type == GgufType::kQ50) allowed = largest / 16;
      if (type == GgufType::kQ41) allowed = (*max - *min) / 15 * 0.51F;
      if (type == GgufType::kQ51) allowed = (*max - *min) / 31 * 0.53F;
      if (type == GgufType::kQ80) allowed = largest / 127 * 0.6F;
      for (std::size_t i = block; i < block + 32; ++i) {
        ASSERT_LE(std::abs(back[i] - values[i]), allowed) << gguf_block(type).name << " value " << i;
      }
    }
  }
}

TEST(QuantizeProperty, QuantisedBlocksStayWhatTheyAre) {
  // Levels of a block that holds its extreme values are found again: writing what was read changes nothing.
  const GgufFile file = GgufFile::open(std::filesystem::path(PRUNENET_TEST_DATA) / "gguf" / "quantized.gguf");
  for (const char* name : {"F32", "F16", "BF16", "Q8_0"}) {
    const std::string tensor = std::string(name) == "F32" ? "values" : name;
    const std::vector<float> values = file.read(tensor);
    std::vector<float> again(values.size());
    dequantize(file.tensor(tensor).type, quantize(file.tensor(tensor).type, values), again);
    EXPECT_EQ(again, values) << name;
  }
}

TEST(Quantize, BlocksTooSmallForAStepAreZero) {
  std::vector<float> values(32, std::numeric_limits<float>::denorm_min());
  values[3] = -values[3];
  for (const GgufType type : {GgufType::kQ40, GgufType::kQ41, GgufType::kQ50, GgufType::kQ51, GgufType::kQ80}) {
    std::vector<float> back(values.size());
    dequantize(type, quantize(type, values), back);
    for (const float value : back) EXPECT_EQ(value, 0.0F) << gguf_block(type).name;
  }
}

TEST(Quantize, RefusesValuesThatWouldBecomeInfinite) {
  std::vector<float> values(32, 1.0F);
  values[9] = 65520.0F;  // the first that half precision rounds up to infinity
  expect_error(ErrorKind::kNumerical, {"value 9 of 32", "65520", "F16"},
               [&] { (void)quantize(GgufType::kF16, values); });
  values[9] = std::numeric_limits<float>::max();
  expect_error(ErrorKind::kNumerical, {"value 9 of 32", "BF16"}, [&] { (void)quantize(GgufType::kBF16, values); });
  values[10] = -values[9];  // largest less smallest is infinite
  for (const GgufType type : {GgufType::kQ40, GgufType::kQ41, GgufType::kQ50, GgufType::kQ51, GgufType::kQ80}) {
    expect_error(ErrorKind::kNumerical, {"half precision"}, [&] { (void)quantize(type, values); });
  }
  std::vector<float> back(values.size());
  dequantize(GgufType::kF32, quantize(GgufType::kF32, values), back);
  EXPECT_EQ(back, values);
}

TEST(Quantize, KeepsNanAndInfinityWhereTheTypeHasThem) {
  const std::vector<float> values{std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::quiet_NaN()};
  for (const GgufType type : {GgufType::kF32, GgufType::kF16, GgufType::kBF16}) {
    std::vector<float> back(values.size());
    dequantize(type, quantize(type, values), back);
    EXPECT_EQ(back[0], values[0]);
    EXPECT_EQ(back[1], values[1]);
    EXPECT_TRUE(std::isnan(back[2]));
  }
}

TEST(Quantize, RefusesWhatItCannotWrite) {
  std::vector<float> values(256, 1.0F);
  expect_error(ErrorKind::kUnsupported, {"Q6_K", "not written"}, [&] { (void)quantize(GgufType::kQ6K, values); });
  EXPECT_FALSE(is_quantizable(GgufType::kQ4K));
  for (const GgufType type : kWritten) EXPECT_TRUE(is_quantizable(type));
  values.resize(33);
  expect_error(ErrorKind::kInvalidArgument, {"33 values", "Q8_0 blocks of 32"},
               [&] { (void)quantize(GgufType::kQ80, values); });
  values.resize(32);
  values[5] = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"value 5 of 32", "Q4_0"}, [&] { (void)quantize(GgufType::kQ40, values); });
}

TEST(Requantised, TheTypeStaysWhereItIsWrittenAndFits) {
  EXPECT_EQ(requantised_type(GgufType::kQ41, 96), GgufType::kQ41);
  EXPECT_EQ(requantised_type(GgufType::kF32, 7), GgufType::kF32);
  EXPECT_EQ(requantised_type(GgufType::kQ4K, 256), GgufType::kQ80) << "not written here";
  EXPECT_EQ(requantised_type(GgufType::kQ4K, 40), GgufType::kF16);
  EXPECT_EQ(requantised_type(GgufType::kQ80, 40), GgufType::kF16) << "no whole number of blocks";
}

}  // namespace
}  // namespace prunenet
