#include "prunenet/core/file.h"

#include <gtest/gtest.h>

#include <string_view>

#include "prunenet/core/sha256.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

TEST(File, MissingAndTooLarge) {
  const testing::TemporaryDirectory directory;
  testing::expect_error(ErrorKind::kBadInput, {"nothing", "no such file"},
                        [&] { (void)read_text_file(directory / "nothing"); });
  testing::write_file(directory / "a", "12345");
  testing::expect_error(ErrorKind::kBadInput, {"5 bytes", "at most 4"},
                        [&] { (void)read_text_file(directory / "a", 4); });
}

TEST(Sha256, KnownDigests) {  // FIPS 180-2, appendix B.1
  constexpr std::string_view kText = "abc";
  const std::string expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(sha256_hex(std::as_bytes(std::span(kText))), expected);
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "abc", "abc");
  EXPECT_EQ(sha256_file(directory / "abc"), expected);
}

}  // namespace
}  // namespace prunenet
