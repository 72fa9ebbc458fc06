#include "prunenet/checkpoint/output_directory.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "prunenet/core/file.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::write_file;

std::ptrdiff_t entries(const fs::path& directory) {
  return std::distance(fs::directory_iterator(directory), {});
}

TEST(OutputDirectory, AppearsWholeAtCommit) {
  const testing::TemporaryDirectory place;
  OutputDirectory output(place / "model", 0, false);
  EXPECT_EQ(output.path().parent_path(), fs::canonical(place.path()));  // a rename needs the same file system
  write_file(output.path() / "a", "1");
  fs::create_directory(output.path() / "folder");
  write_file(output.path() / "folder/b", "2");
  EXPECT_FALSE(fs::exists(place / "model"));
  output.commit();
  EXPECT_EQ(read_text_file(place / "model/folder/b"), "2");
  EXPECT_EQ(entries(place.path()), 1);
}

TEST(OutputDirectory, NothingStaysWithoutCommit) {
  const testing::TemporaryDirectory place;
  expect_error(ErrorKind::kInterrupted, {"stop"}, [&] {
    const OutputDirectory output(place / "new/deep/model", 0, false);
    write_file(output.path() / "a", "1");
    throw Error(ErrorKind::kInterrupted, "stop");
  });
  EXPECT_EQ(entries(place.path()), 0);  // parents that were made are gone too
}

TEST(OutputDirectory, ParentsOfOthersStay) {
  const testing::TemporaryDirectory place;
  fs::create_directory(place / "new");
  {
    const OutputDirectory output(place / "new/deep/model", 0, false);
    write_file(place / "new/deep/other", "1");
  }
  EXPECT_EQ(read_text_file(place / "new/deep/other"), "1");
}

TEST(OutputDirectory, MakesParents) {
  const testing::TemporaryDirectory place;
  OutputDirectory output(place / "new/deep/model/", 0, false);  // also with a separator at the end
  output.commit();
  EXPECT_TRUE(fs::is_directory(place / "new/deep/model"));
}

TEST(OutputDirectory, EmptyDirectoryIsTaken) {
  const testing::TemporaryDirectory place;
  fs::create_directory(place / "model");
  OutputDirectory output(place / "model", 0, false);
  write_file(output.path() / "a", "1");
  output.commit();
  EXPECT_TRUE(fs::exists(place / "model/a"));
}

TEST(OutputDirectory, WhatIsThereIsRefused) {
  const testing::TemporaryDirectory place;
  fs::create_directory(place / "model");
  write_file(place / "model/thesis.txt", "x");
  expect_error(ErrorKind::kAlreadyExists, {"model", "not empty", "--force"},
               [&] { const OutputDirectory output(place / "model", 0, false); });
  expect_error(ErrorKind::kAlreadyExists, {"model", "no config.json", "even with --force"},
               [&] { const OutputDirectory output(place / "model", 0, true); });
  expect_error(ErrorKind::kAlreadyExists, {"thesis.txt", "is a file"},
               [&] { const OutputDirectory output(place / "model/thesis.txt", 0, true); });
  EXPECT_EQ(entries(place.path()), 1);
}

TEST(OutputDirectory, ForceReplacesOnlyAtCommit) {
  const testing::TemporaryDirectory place;
  fs::create_directory(place / "model");
  write_file(place / "model/config.json", "old");
  { const OutputDirectory output(place / "model", 0, true); }
  EXPECT_EQ(read_text_file(place / "model/config.json"), "old");
  OutputDirectory output(place / "model", 0, true);
  write_file(output.path() / "other", "new");
  EXPECT_EQ(read_text_file(place / "model/config.json"), "old");
  output.commit();
  EXPECT_FALSE(fs::exists(place / "model/config.json"));
  EXPECT_EQ(read_text_file(place / "model/other"), "new");
  EXPECT_EQ(entries(place.path()), 1);
}

TEST(OutputDirectory, SomethingPutThereMeanwhileStays) {
  const testing::TemporaryDirectory place;
  {
    OutputDirectory output(place / "model", 0, false);
    write_file(place / "model", "a file");
    expect_error(ErrorKind::kAlreadyExists, {"model", "meanwhile"}, [&] { output.commit(); });
  }
  EXPECT_EQ(read_text_file(place / "model"), "a file");
  EXPECT_EQ(entries(place.path()), 1);
}

TEST(OutputDirectory, WhatAKilledRunLeftIsRemovedByTheNext) {
  const testing::TemporaryDirectory place;
  const pid_t child = ::fork();
  if (child == 0) {
    const OutputDirectory output(place / "model", 0, false);
    write_file(output.path() / "a", "half");
    ::raise(SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(entries(place.path()), 1);
  EXPECT_FALSE(fs::exists(place / "model"));
  OutputDirectory output(place / "model", 0, false);
  output.commit();
  EXPECT_EQ(entries(place.path()), 1);
  EXPECT_TRUE(fs::is_directory(place / "model"));
}

TEST(OutputDirectory, WhatAKilledRunHadMovedAsideIsPutBack) {  // where names cannot be exchanged in one step
  const testing::TemporaryDirectory place;
  fs::create_directory(place / ".model.old-4242-0");
  write_file(place / ".model.old-4242-0/config.json", "old");
  expect_error(ErrorKind::kAlreadyExists, {"model", "not empty"},
               [&] { const OutputDirectory output(place / "model", 0, false); });
  EXPECT_EQ(read_text_file(place / "model/config.json"), "old");
  EXPECT_EQ(entries(place.path()), 1);
}

TEST(OutputDirectory, OneThatIsBeingWrittenIsLeftAlone) {
  const testing::TemporaryDirectory place;
  OutputDirectory output(place / "model", 0, false);
  expect_error(ErrorKind::kAlreadyExists, {"model: another run is writing it now", "wait"},
               [&] { const OutputDirectory second(place / "model", 0, true); });
  output.commit();
  EXPECT_EQ(entries(place.path()), 1);
}

TEST(OutputDirectory, WithoutForceNothingIsReplacedAtCommitEither) {
  const testing::TemporaryDirectory place;
  OutputDirectory output(place / "model", 0, false);
  fs::create_directory(place / "model");
  write_file(place / "model/config.json", "of another run");
  expect_error(ErrorKind::kAlreadyExists, {"model", "meanwhile"}, [&] { output.commit(); });
  EXPECT_EQ(read_text_file(place / "model/config.json"), "of another run");
}

TEST(CheckApart, InputAndOutputDoNotLieInEachOther) {
  const testing::TemporaryDirectory place;
  fs::create_directory(place / "model");
  fs::create_directory_symlink("model", place / "link");
  write_file(place / "model/m.gguf", "x");
  for (const char* output : {"model", "model/", "link", "model/../model", "."}) {
    expect_error(ErrorKind::kInvalidArgument, {"would replace"}, [&] { check_apart(place / "model", place / output); });
  }
  expect_error(ErrorKind::kInvalidArgument, {"would replace"},
               [&] { check_apart(place / "model/m.gguf", place / "link"); });
  for (const char* output : {"model/pruned", "link/a/b"}) {
    expect_error(ErrorKind::kInvalidArgument, {"would lie in", "only read"},
                 [&] { check_apart(place / "model", place / output); });
  }
  check_apart(place / "model", place / "model-30");
  check_apart(place / "model/m.gguf", place / "model/pruned");
}

TEST(OutputDirectory, SpaceIsCheckedFirst) {
  const testing::TemporaryDirectory place;
  expect_error(ErrorKind::kOutOfSpace, {"model", "9223372036854775807 bytes are needed", "free"},
               [&] { const OutputDirectory output(place / "new/model", 9223372036854775807ULL, false); });
  EXPECT_EQ(entries(place.path()), 0);
}

TEST(OutputDirectory, PlaceThatCannotBeWritten) {
  const testing::TemporaryDirectory place;
  write_file(place / "file", "x");
  expect_error(ErrorKind::kIo, {"file"}, [&] { const OutputDirectory output(place / "file/model", 0, false); });
}

TEST(CopyFileDurably, CopiesBytes) {
  const testing::TemporaryDirectory place;
  const std::string content(5'000'000, 'x');
  write_file(place / "a", content);
  copy_file_durably(place / "a", place / "b");
  EXPECT_EQ(read_text_file(place / "b"), content);
}

}  // namespace
}  // namespace prunenet
