#include "prunenet/checkpoint/gguf_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "prunenet/checkpoint/safetensors_file.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::gguf_text;
using testing::GgufBytes;
using testing::le;

const std::filesystem::path kData = std::filesystem::path(PRUNENET_TEST_DATA) / "gguf";

constexpr std::uint32_t kF32 = 0;
constexpr std::uint32_t kQ40 = 2;
constexpr std::uint32_t kUint32 = 4;
constexpr std::uint32_t kText = 8;
constexpr std::uint32_t kArray = 9;

// tiny.gguf and tiny.safetensors are written by tests/data/make_gguf_goldens.py with gguf-py.

TEST(GgufGolden, EveryTensorTypeDequantisesAsGgufPyDoes) {
  const GgufFile file = GgufFile::open(kData / "tiny.gguf");
  const SafetensorsFile expected = SafetensorsFile::open(kData / "tiny.safetensors");
  ASSERT_EQ(expected.tensors().size(), 11U);
  ASSERT_EQ(file.tensors().size(), expected.tensors().size());
  for (const auto& [name, info] : file.tensors()) {
    EXPECT_EQ(gguf_block(info.type).name, name);
    EXPECT_EQ(info.shape, (std::vector<std::int64_t>{4, 256}));
    // Bit for bit: the reference computes in single precision, in the same order.
    EXPECT_EQ(file.read(name), to_floats(expected.read(name).data, Dtype::kF32)) << name;
  }
}

TEST(GgufGolden, MetadataOfEveryType) {
  const GgufFile file = GgufFile::open(kData / "tiny.gguf");
  EXPECT_EQ(file.version(), 3U);
  EXPECT_EQ(file.text("general.architecture"), "llama");
  EXPECT_EQ(file.integer("test.uint8"), 200);
  EXPECT_EQ(file.integer("test.int8"), -100);
  EXPECT_EQ(file.integer("test.uint16"), 60000);
  EXPECT_EQ(file.integer("test.int16"), -30000);
  EXPECT_EQ(file.integer("test.uint32"), 4'000'000'000);
  EXPECT_EQ(file.integer("test.int32"), -2'000'000'000);
  EXPECT_EQ(file.integer("test.int64"), -(std::int64_t{1} << 62));
  EXPECT_EQ(file.number("test.float32"), 0.5);
  EXPECT_EQ(file.number("test.float64"), 1e-300);
  EXPECT_EQ(file.number("test.uint8"), 200.0);
  EXPECT_TRUE(file.flag("test.bool"));
  EXPECT_EQ(file.text("test.string"), "a \xc3\xa9 text");
  EXPECT_EQ(file.texts("test.strings"), (std::vector<std::string>{"one", "", "three"}));
  EXPECT_EQ(file.integers("test.integers"), (std::vector<std::int64_t>{1, -2, 3}));
  EXPECT_EQ(file.numbers("test.floats"), (std::vector<double>{0.5, -1.5}));
  EXPECT_EQ(std::get<std::vector<bool>>(file.metadata().at("test.bools")), (std::vector<bool>{true, false}));
  expect_error(ErrorKind::kBadInput, {"'test.uint64'", "integer of 63 bits"},
               [&] { (void)file.integer("test.uint64"); });
  expect_error(ErrorKind::kBadInput, {"'test.none' is missing"}, [&] { (void)file.text("test.none"); });
  expect_error(ErrorKind::kBadInput, {"'test.bool' is not a text"}, [&] { (void)file.text("test.bool"); });
  expect_error(ErrorKind::kBadInput, {"no tensor 'x'"}, [&] { (void)file.read("x"); });
}

class GgufTest : public ::testing::Test {
 protected:
  [[nodiscard]] GgufFile open(const GgufBytes& bytes) const { return open(bytes.bytes()); }
  [[nodiscard]] GgufFile open(const std::string& bytes) const {
    testing::write_file(directory_ / "m.gguf", bytes);
    return GgufFile::open(directory_ / "m.gguf");
  }
  template <typename Bytes>
  void expect_rejected(const Bytes& bytes, std::initializer_list<std::string> fragments,
                       ErrorKind kind = ErrorKind::kBadInput) const {
    expect_error(kind, fragments, [&] { (void)open(bytes); });
  }
  testing::TemporaryDirectory directory_;
};

TEST_F(GgufTest, ReadsBothVersionsAndAnotherAlignment) {
  for (const std::uint32_t version : {2U, 3U}) {
    GgufBytes bytes{
        .version = version, .data = le(1.0F) + le(2.0F) + std::string(56, '\0') + le(3.0F), .alignment = 64};
    bytes.pair<std::uint32_t>("general.alignment", kUint32, 64).tensor("a", {2, 1}, kF32, 0).tensor("b", {1}, kF32, 64);
    const GgufFile file = open(bytes);
    EXPECT_EQ(file.version(), version);
    EXPECT_EQ(file.tensor("a").shape, (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(file.read("a"), (std::vector<float>{1, 2}));
    EXPECT_EQ(file.read("b"), (std::vector<float>{3}));
  }
}

TEST_F(GgufTest, WhatIsNotGguf) {
  expect_rejected(std::string("GGUF"), {"not a GGUF file"});
  expect_rejected(GgufBytes{.magic = "GGML"}, {"m.gguf", "not a GGUF file"});
  expect_rejected(GgufBytes{.version = 1}, {"version 1"}, ErrorKind::kUnsupported);
  expect_rejected(GgufBytes{.version = 0x03000000}, {"big-endian"}, ErrorKind::kUnsupported);
}

TEST_F(GgufTest, CountsThatAreTooLarge) {
  constexpr auto kHuge = ~std::uint64_t{0};
  expect_rejected(GgufBytes{.tensor_count = kHuge}, {"number of tensors", "18446744073709551615"});
  expect_rejected(GgufBytes{.pair_count = kHuge}, {"number of metadata pairs"});
  expect_rejected(GgufBytes{.tensor_count = 1000}, {"truncated", "number of tensors says 1000"});
  expect_rejected(GgufBytes{.pairs = le(kHuge), .data = std::string(16, ' '), .pair_count = 1}, {"metadata key"});
  expect_rejected(GgufBytes{.pairs = le(std::uint64_t{60000}), .data = std::string(16, ' '), .pair_count = 1},
                  {"truncated", "metadata key says 60000"});
  expect_rejected(GgufBytes{.tensors = le(std::uint64_t{70'000}), .data = std::string(70'000, ' '), .tensor_count = 1},
                  {"tensor's name", "70000", "65536"});
  expect_rejected(GgufBytes().pair("k", kText, kHuge), {"metadata text", "18446744073709551615"});
  expect_rejected(GgufBytes().pair_bytes("k", kArray, le(kUint32) + le(kHuge)), {"array's length"});
  expect_rejected(GgufBytes().pair_bytes("k", kArray, le(kUint32) + le(std::uint64_t{1000})),
                  {"truncated", "array's length says 1000"});
}

TEST_F(GgufTest, MetadataThatIsWrong) {
  expect_rejected(GgufBytes().pair<std::uint32_t>("k", 13, 0), {"'k'", "unknown value type 13"});
  expect_rejected(GgufBytes().pair<std::uint8_t>("k", 7, 2), {"'k'", "2 is not a boolean"});
  expect_rejected(GgufBytes().pair("k", kUint32, 1).pair("k", kUint32, 2), {"'k' stands twice"});
  expect_rejected(GgufBytes().pair_bytes("k", kArray, le(kArray) + le(std::uint64_t{0})), {"'k'", "array of arrays"},
                  ErrorKind::kUnsupported);
  for (const std::uint32_t alignment : {0U, 24U, 1U << 31U}) {
    expect_rejected(GgufBytes().pair("general.alignment", kUint32, alignment), {"alignment", "power of two"});
  }
  expect_rejected(GgufBytes().pair_bytes("general.alignment", kText, gguf_text("32")), {"power of two"});
  GgufBytes cut;
  cut.pair("key", kUint32, 7);
  expect_rejected(cut.bytes().substr(0, 40), {"truncated", "metadata value"});
}

TEST_F(GgufTest, TensorsThatAreWrong) {
  const auto one = [](std::vector<std::uint64_t> extents, std::uint32_t type = kF32, std::uint64_t offset = 0) {
    GgufBytes bytes{.data = std::string(64, '\0')};
    return bytes.tensor("t", extents, type, offset);
  };
  expect_rejected(one({1, 1, 1, 1, 1}), {"'t'", "rank 5"});
  expect_rejected(one({1ULL << 63U}), {"'t'", "9223372036854775808"});
  expect_rejected(one({1ULL << 40U, 1ULL << 40U}), {"'t'", "too large"});
  expect_rejected(one({1ULL << 62U}), {"'t'", "too large"});
  expect_rejected(one({16}, kQ40), {"'t'", "rows of 16", "Q4_0", "32"});
  expect_rejected(one({1}, 17), {"'t'", "type 17"}, ErrorKind::kUnsupported);
  expect_rejected(one({1}, kF32, 4), {"'t'", "offset 4", "alignment 32"});
  expect_rejected(one({17}), {"'t'", "truncated", "68 bytes", "has 64"});
  expect_rejected(one({1}, kF32, ~std::uint64_t{31}), {"'t'", "truncated"});
  expect_rejected(one({1}).tensor("t", {1}, kF32, 32), {"'t'", "stands twice"});
  expect_rejected(one({9}).tensor("u", {1}, kF32, 32), {"'t' and 'u' overlap"});
  EXPECT_EQ(open(one({0, 3})).read("t").size(), 0U);
  EXPECT_EQ(open(one({8}).tensor("u", {1}, kF32, 32)).read("u").size(), 1U);
}

TEST(Dequantize, SizesMustAgree) {
  std::vector<float> values(32);
  const std::vector<std::byte> blocks(18);
  expect_error(ErrorKind::kInvalidArgument, {"Q4_0", "18 bytes", "31 values"},
               [&] { dequantize(GgufType::kQ40, blocks, std::span(values).first(31)); });
  expect_error(ErrorKind::kInvalidArgument, {"Q5_0", "18 bytes"}, [&] { dequantize(GgufType::kQ50, blocks, values); });
  expect_error(ErrorKind::kInvalidArgument, {"99"}, [&] { dequantize(GgufType{99}, blocks, values); });
}

}  // namespace
}  // namespace prunenet
