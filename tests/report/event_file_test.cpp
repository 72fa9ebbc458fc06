#include "prunenet/report/event_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "prunenet/core/file.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

constexpr double kSeconds = 1700000000.25;

TEST(MaskedCrc32c, IsThatOfTheStandardsVectors) {
  // RFC 3720, B.4: 32 bytes of zeros have 0x8a9136aa.
  const std::vector<std::byte> zeros(32);
  const std::uint32_t crc = 0x8a9136aa;
  EXPECT_EQ(masked_crc32c(zeros), ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U);
}

TEST(EventFile, HasTheBytesOfTensorBoardsOwnWriter) {
  // Written by tests/data/make_event_golden.py.
  const testing::TemporaryDirectory directory;
  EventFile file(directory.path() / "runs" / "a", kSeconds);
  file.add(0, kSeconds, {{"held_out_divergence", 0.75}, {"learning_rate", 0.0}});
  file.add(300, kSeconds + 1,
           {{"held_out_divergence", -1e-30}, {"seconds", 123456.789}, {"x", std::numeric_limits<double>::infinity()}});
  file.add(std::int64_t{1} << 40, kSeconds + 2, {});
  const std::filesystem::path golden = std::filesystem::path(PRUNENET_TEST_DATA) / "events" / "golden.tfevents";
  EXPECT_TRUE(read_text_file(file.path()) == read_text_file(golden));
  EXPECT_TRUE(file.path().filename().string().starts_with("events.out.tfevents.1700000000.")) << file.path();
}

TEST(EventFile, IsWholeAfterEveryStep) {
  const testing::TemporaryDirectory directory;
  EventFile file(directory.path(), kSeconds);
  const auto before = std::filesystem::file_size(file.path());
  file.add(1, kSeconds, {{"loss", 1.0}});
  EXPECT_EQ(std::filesystem::file_size(file.path()) - before, 16 + 9 + 2 + 2 + 2 + 6 + 5U);
}

TEST(EventFile, APlaceThatCannotBeWrittenIsNamed) {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "file", "");
  testing::expect_error(ErrorKind::kIo, {"file", "runs"}, [&] { EventFile(directory / "file" / "runs", kSeconds); });
}

}  // namespace
}  // namespace prunenet
