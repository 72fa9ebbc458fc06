#include "prunenet/core/range_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "prunenet/core/sha256.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Whether ranges are read by a thread or not, and how many may wait, is seen by nobody.
class RangeReaderAhead : public ::testing::TestWithParam<std::size_t> {};

TEST_P(RangeReaderAhead, RangesInTheirOrder) {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "a", "0123456789");
  RangeReader reader(InputFile(directory / "a"), {{4, 3}, {0, 0}, {8, 2}, {0, 4}}, GetParam());
  testing::expect_error(ErrorKind::kInvalidArgument, {"not every range"}, [&] { (void)reader.digest(); });
  std::string together;
  for (const char* expected : {"456", "", "89", "0123"}) {
    const std::string range = text_of(reader.next());
    EXPECT_EQ(range, expected);
    together += range;
  }
  testing::expect_error(ErrorKind::kInvalidArgument, {"every range"}, [&] { (void)reader.next(); });
  EXPECT_EQ(reader.digest(), sha256_hex(std::as_bytes(std::span(together))));
}

TEST_P(RangeReaderAhead, ReadersThatAreDroppedEnd) {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "a", std::string(1000, 'x'));
  for (const int taken : {0, 1, 5}) {
    RangeReader reader(InputFile(directory / "a"), std::vector<FileRange>(1000, {0, 1000}), GetParam());
    for (int i = 0; i < taken; ++i) EXPECT_EQ(reader.next().size(), 1000U);
  }
}

TEST_P(RangeReaderAhead, WhatFailsIsThrownWhereItIsTaken) {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "a", "0123456789");
  const InputFile file(directory / "a");
  std::filesystem::resize_file(directory / "a", 5);
  RangeReader reader(file, {{0, 5}, {5, 5}}, GetParam());
  testing::expect_error(ErrorKind::kBadInput, {"changed while it was being read"}, [&] { (void)reader.next(); });
}

TEST_P(RangeReaderAhead, RangesOutsideOfTheFile) {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "a", "0123456789");
  const InputFile file(directory / "a");
  testing::expect_error(ErrorKind::kInvalidArgument, {"2 bytes", "offset 9", "has 10"}, [&] {
    RangeReader(file, {{0, 10}, {9, 2}}, GetParam());
  });
  testing::expect_error(ErrorKind::kInvalidArgument, {"offset 2"}, [&] {
    RangeReader(file, {{2, ~0ULL}}, GetParam());
  });
}

INSTANTIATE_TEST_SUITE_P(Ahead, RangeReaderAhead, ::testing::Values(0, 1, 3));

}  // namespace
}  // namespace prunenet
