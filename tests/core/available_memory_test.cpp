#include "prunenet/core/available_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <limits>

#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::write_file;

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// A system that says nothing, until files are written.
class AvailableMemoryTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories((directory_.path() / name).parent_path());
    write_file(directory_ / name, content);
  }
  [[nodiscard]] std::uint64_t available(std::uint64_t address_space = kNoLimit) const {
    return available_memory_bytes({.meminfo = directory_ / "meminfo",
                                   .cgroup = directory_ / "cgroup",
                                   .cgroup_root = directory_ / "groups",
                                   .statm = directory_ / "statm",
                                   .address_space = address_space});
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(AvailableMemoryTest, WhatTheSystemDoesNotSayIsNoLimit) {
  EXPECT_EQ(available(), kNoLimit);
  write("meminfo", "MemTotal: 100 kB\nMemFree: 3 kB\n");
  write("cgroup", "0::/\nnonsense\n4:memory\n");
  EXPECT_EQ(available(), kNoLimit);
}

TEST_F(AvailableMemoryTest, MemAvailable) {
  write("meminfo", "MemTotal:       24000 kB\nMemFree:  3 kB\nMemAvailable:   20000 kB\n");
  EXPECT_EQ(available(), 20000U * 1024U);
}

TEST_F(AvailableMemoryTest, GroupsOfVersion2AndThoseAroundThem) {
  write("meminfo", "MemAvailable: 1000000 kB\n");
  write("cgroup", "0::/a/b\n");
  write("groups/a/b/memory.max", "max\n");
  EXPECT_EQ(available(), 1000000U * 1024U);
  write("groups/a/memory.max", "5000000\n");
  EXPECT_EQ(available(), 5000000U);
  write("groups/a/memory.current", "3000000\n");
  EXPECT_EQ(available(), 2000000U);
  write("groups/a/memory.stat", "anon 5\ninactive_file 400000\nactive_file 100000\n");
  EXPECT_EQ(available(), 2500000U) << "the page cache gives way";
  write("groups/a/b/memory.max", "700\n");
  write("groups/a/b/memory.current", "900\n");
  EXPECT_EQ(available(), 0U);
}

TEST_F(AvailableMemoryTest, GroupsOfVersion1) {
  write("cgroup", "9:cpu,memory:/job\n3:pids:/x\n");
  write("groups/memory/job/memory.limit_in_bytes", "1000");
  write("groups/memory/job/memory.usage_in_bytes", "600");
  write("groups/memory/job/memory.stat", "total_inactive_file 100\ntotal_active_file 50\n");
  EXPECT_EQ(available(), 550U);
}

TEST_F(AvailableMemoryTest, AddressSpace) {
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  write("statm", "10 5 3 1 0 4 0\n");
  EXPECT_EQ(available(25 * page), 15 * page);
  EXPECT_EQ(available(5 * page), 0U);
}

TEST(RequireMemory, SaysTheNumbersAndWhatToDo) {
  EXPECT_NO_THROW(require_memory(10, 10, "a model", "buy more"));
  expect_error(ErrorKind::kOutOfSpace, {"a model needs 32.1 GB of memory, and 512.0 MB are available; buy more"},
               [] { require_memory(32'100'000'000, 512'000'000, "a model", "buy more"); });
}

TEST(AvailableMemory, ThisMachineHasSome) {
  EXPECT_GT(available_memory_bytes(), 0U);
}

}  // namespace
}  // namespace prunenet
