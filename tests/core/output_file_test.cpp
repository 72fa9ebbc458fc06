#include "prunenet/core/output_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "prunenet/core/file.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::expect_error;
using testing::TemporaryDirectory;
using ::testing::UnorderedElementsAre;
using testing::write_file;

std::vector<std::string> names(const fs::path& directory) {
  std::vector<std::string> found;
  for (const fs::directory_entry& item : fs::directory_iterator(directory)) found.push_back(item.path().filename());
  return found;
}

void put(OutputFile& file, const std::string& text) {
  file.write(std::as_bytes(std::span(text)));
}

/// A child that does `work` and is killed in it, or after it.
template <typename Work>
void run_and_kill(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  ::stat(path.c_str(), &status);
  return status.st_mode & 0777U;
}

TEST(OutputFile, AppearsWholeAtTheEnd) {
  const TemporaryDirectory place;
  OutputFile file(place / "a");
  put(file, "on");
  EXPECT_FALSE(fs::exists(place / "a"));
  put(file, "e");
  file.finish();
  EXPECT_EQ(read_text_file(place / "a"), "one");
  EXPECT_THAT(names(place.path()), ElementsAre("a"));
}

TEST(OutputFile, WithoutFinishTheOldOneStays) {
  const TemporaryDirectory place;
  write_file(place / "a", "old");
  {
    OutputFile file(place / "a");
    put(file, "new");
  }
  EXPECT_EQ(read_text_file(place / "a"), "old");
  EXPECT_THAT(names(place.path()), ElementsAre("a"));
}

TEST(OutputFile, WhatDoesNotPassItsCheckIsRemoved) {
  const TemporaryDirectory place;
  write_file(place / "a", "old");
  expect_error(ErrorKind::kBadInput, {"new"}, [&] {
    OutputFile file(place / "a");
    put(file, "new");
    file.finish([](const fs::path& written) { throw Error(ErrorKind::kBadInput, read_text_file(written)); });
  });
  EXPECT_EQ(read_text_file(place / "a"), "old");
  EXPECT_THAT(names(place.path()), ElementsAre("a"));
}

TEST(OutputFile, WhatAKilledRunLeftIsRemovedByTheNext) {
  const TemporaryDirectory place;
  run_and_kill([&] {
    OutputFile file(place / "a");
    put(file, "half");
    ::raise(SIGKILL);
  });
  EXPECT_EQ(names(place.path()).size(), 1);
  EXPECT_FALSE(fs::exists(place / "a"));
  write_file(place / ".a.tmp-notes", "of a user");
  write_file_atomically(place / "b", "another file");
  EXPECT_EQ(names(place.path()).size(), 3) << "only its own";
  write_file_atomically(place / "a", "whole");
  EXPECT_THAT(names(place.path()), UnorderedElementsAre("a", "b", ".a.tmp-notes"));
}

TEST(OutputFile, OneThatIsBeingWrittenIsLeftAlone) {
  const TemporaryDirectory place;
  OutputFile file(place / "a");
  put(file, "first");
  expect_error(ErrorKind::kAlreadyExists, {"a: another run is writing it now", ".a.tmp-", "wait"},
               [&] { write_file_atomically(place / "a", "second"); });
  file.finish();
  EXPECT_EQ(read_text_file(place / "a"), "first");
  write_file_atomically(place / "a", "third");
  EXPECT_EQ(read_text_file(place / "a"), "third");
}

TEST(OutputFile, ModesFollowTheUmask) {
  const TemporaryDirectory place;
  for (const auto& [mask, mode] : {std::pair{0002, 0664}, {0022, 0644}, {0077, 0600}}) {
    const mode_t before = ::umask(static_cast<mode_t>(mask));
    write_file_atomically(place / "a", "x");
    ::umask(before);
    EXPECT_EQ(mode_of(place / "a"), static_cast<mode_t>(mode));
  }
}

TEST(OutputFile, LinksAreFollowed) {
  const TemporaryDirectory place;
  fs::create_directory(place / "there");
  write_file(place / "there/a", "old");
  fs::create_symlink("there/a", place / "link");
  write_file_atomically(place / "link", "new");
  EXPECT_TRUE(fs::is_symlink(place / "link"));
  EXPECT_EQ(read_text_file(place / "there/a"), "new");
  EXPECT_THAT(names(place / "there"), ElementsAre("a"));
}

TEST(OutputFile, NamesWithSpacesAndUnicode) {
  const TemporaryDirectory place;
  const fs::path path = place / "größe 模型 \n.json";
  write_file_atomically(path, "x");
  write_file_atomically(path, "y");
  EXPECT_EQ(read_text_file(path), "y");
}

TEST(OutputFile, IsNeitherDirectoryNorDevice) {
  const TemporaryDirectory place;
  fs::create_directory(place / "d");
  ASSERT_EQ(::mkfifo((place / "pipe").c_str(), 0600), 0);
  expect_error(ErrorKind::kAlreadyExists, {"d: is a directory"}, [&] { const OutputFile file(place / "d"); });
  expect_error(ErrorKind::kAlreadyExists, {"a device or a pipe"}, [&] { const OutputFile file(place / "pipe"); });
  expect_error(ErrorKind::kAlreadyExists, {"/dev/null: is a device"}, [&] { const OutputFile file("/dev/null"); });
}

TEST(OutputFile, SmallFilesGoIntoDevicesAndPipes) {
  const TemporaryDirectory place;
  ASSERT_EQ(::mkfifo((place / "pipe").c_str(), 0600), 0);
  std::string received;
  std::thread reader([&] { std::getline(std::ifstream(place / "pipe"), received); });
  write_file_atomically(place / "pipe", "through\n");
  reader.join();
  EXPECT_EQ(received, "through");
  write_file_atomically("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  expect_error(ErrorKind::kOutOfSpace, {"/dev/full", "free some space"},
               [&] { write_file_atomically("/dev/full", "x"); });
}

TEST(OutputFile, PlacesThatCannotBeWrittenAreSaidSo) {
  const TemporaryDirectory place;
  expect_error(ErrorKind::kIo, {"missing/a"}, [&] { write_file_atomically(place / "missing/a", "x"); });
}

TEST(OutputFile, ReadOnlyDirectoriesAreSaidSo) {
  const TemporaryDirectory place;
  fs::permissions(place.path(), fs::perms(0755));
  fs::create_directory(place / "closed");
  fs::permissions(place / "closed", fs::perms(0555));
  constexpr uid_t kNobody = 65534;
  const uid_t user = ::geteuid();
  if (user == 0) {  // who may write everywhere
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  expect_error(ErrorKind::kIo, {"closed/a", "Permission denied"},
               [&] { write_file_atomically(place / "closed/a", "x"); });
  ASSERT_EQ(::seteuid(user), 0);
}

TEST(LockDirectory, LetsOneRunIn) {
  const TemporaryDirectory place;
  {
    const Descriptor lock = lock_directory(place.path());
    expect_error(ErrorKind::kAlreadyExists, {"another run is working there now"},
                 [&] { (void)lock_directory(place.path()); });
  }
  EXPECT_GE(lock_directory(place.path()).value(), 0);
  expect_error(ErrorKind::kIo, {"nowhere"}, [&] { (void)lock_directory(place / "nowhere"); });
}

}  // namespace
}  // namespace prunenet
