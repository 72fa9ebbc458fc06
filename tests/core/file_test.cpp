#include "prunenet/core/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string_view>

#include "prunenet/core/input_file.h"
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

TEST(File, WhatIsNoFileIsSaidSo) {
  const testing::TemporaryDirectory directory;
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  testing::expect_error(ErrorKind::kBadInput, {"pipe", "a device, a pipe or a socket"},
                        [&] { (void)read_text_file(directory / "pipe"); });  // nobody ever writes to it
  testing::expect_error(ErrorKind::kBadInput, {"/dev/zero", "a device, a pipe or a socket"},
                        [] { (void)read_text_file("/dev/zero"); });
  testing::expect_error(ErrorKind::kBadInput, {"is a directory"}, [&] { (void)read_text_file(directory.path()); });
  testing::expect_error(ErrorKind::kBadInput, {"is a directory"}, [&] { (void)sha256_file(directory.path()); });
  testing::expect_error(ErrorKind::kBadInput, {"/dev/zero"}, [] { (void)sha256_file("/dev/zero"); });
}

TEST(InputFile, AFileThatChangesIsAnError) {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "a", "12345");
  for (const char* content : {"1234", "123456", "54321"}) {
    const InputFile file(directory / "a");
    testing::write_file(directory / "a", content);
    // The clock of file times may be too coarse to tell two writes of one length apart.
    std::filesystem::last_write_time(directory / "a",
                                     std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
    testing::expect_error(ErrorKind::kBadInput, {"changed while it was being read"}, [&] { (void)file.read(0, 4); });
    testing::write_file(directory / "a", "12345");
  }
}

TEST(InputFile, NothingIsReadBeyondTheEnd) {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "a", "12345");
  const InputFile file(directory / "a");
  testing::expect_error(ErrorKind::kBadInput, {"truncated", "2 bytes", "offset 4", "has 5"},
                        [&] { (void)file.read(4, 2); });
  testing::expect_error(ErrorKind::kBadInput, {"truncated"}, [&] { (void)file.read(~std::uint64_t{0}, 2); });
  testing::expect_error(ErrorKind::kBadInput, {"truncated"}, [&] { (void)file.read(0, ~std::uint64_t{0}); });
}

}  // namespace
}  // namespace prunenet
