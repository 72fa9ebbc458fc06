#include "prunenet/core/available_memory.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMeminfoUnit = 1024;  ///< its "kB"

std::uint64_t less(std::uint64_t from, std::uint64_t taken) {
  return from - std::min(from, taken);
}

/// The number behind `key` in lines of "key number"; nothing where there is none.
std::optional<std::uint64_t> number_after(const std::filesystem::path& file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string word; stream >> word;) {
    if (word != key) continue;
    std::uint64_t number = 0;
    if (stream >> number) return number;
    return std::nullopt;
  }
  return std::nullopt;
}

/// A file of one number; nothing where it is missing, or says "max".
std::optional<std::uint64_t> only_number(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::uint64_t number = 0;
  if (stream >> number) return number;
  return std::nullopt;
}

/// How one version of control groups calls its files.
struct GroupFiles {
  const char* limit;
  const char* usage;
  const char* inactive_file;  ///< keys of memory.stat
  const char* active_file;
};
constexpr GroupFiles kVersion1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file",
                                  "total_active_file"};
constexpr GroupFiles kVersion2 = {"memory.max", "memory.current", "inactive_file", "active_file"};

std::uint64_t left_by_group(const std::filesystem::path& group, const GroupFiles& files) {
  const auto limit = only_number(group / files.limit);
  if (!limit) return kNoLimit;
  const auto pages = [&](const char* key) { return number_after(group / "memory.stat", key).value_or(0); };
  const std::uint64_t cached = pages(files.inactive_file) + pages(files.active_file);
  return less(*limit, less(only_number(group / files.usage).value_or(0), cached));
}

/// A group and all that it lies in: each may have a limit.
std::uint64_t left_by_groups(const std::filesystem::path& root, const std::string& path, const GroupFiles& files) {
  std::uint64_t left = left_by_group(root, files);
  std::filesystem::path group = root;
  for (const std::filesystem::path& part : std::filesystem::path(path).relative_path()) {
    group /= part;
    left = std::min(left, left_by_group(group, files));
  }
  return left;
}

/// Lines of "number:controllers:path"; version 2 is number 0 without controllers.
std::uint64_t left_by_control_groups(const MemorySources& sources) {
  std::uint64_t left = kNoLimit;
  std::ifstream stream(sources.cgroup);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    const std::string path = line.substr(second + 1);
    if (controllers == ",,") {
      left = std::min(left, left_by_groups(sources.cgroup_root, path, kVersion2));
    } else if (controllers.find(",memory,") != std::string::npos) {
      left = std::min(left, left_by_groups(sources.cgroup_root / "memory", path, kVersion1));
    }
  }
  return left;
}

std::uint64_t left_of_address_space(const MemorySources& sources) {
  std::uint64_t limit = kNoLimit;
  rlimit of_process{};
  if (sources.address_space) {
    limit = *sources.address_space;
  } else if (getrlimit(RLIMIT_AS, &of_process) == 0 && of_process.rlim_cur != RLIM_INFINITY) {
    limit = of_process.rlim_cur;
  }
  if (limit == kNoLimit) return kNoLimit;
  const auto page = static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_PAGESIZE)));
  return less(limit, only_number(sources.statm).value_or(0) * page);
}

std::string readable(std::uint64_t bytes) {
  constexpr double kMegabyte = 1e6;
  constexpr double kGigabyte = 1e9;
  const auto size = static_cast<double>(bytes);
  return size < kGigabyte ? fmt::format("{:.1f} MB", size / kMegabyte) : fmt::format("{:.1f} GB", size / kGigabyte);
}

}  // namespace

std::uint64_t available_memory_bytes(const MemorySources& sources) {
  const auto kibibytes = number_after(sources.meminfo, "MemAvailable:");
  return std::min({kibibytes ? *kibibytes * kMeminfoUnit : kNoLimit, left_by_control_groups(sources),
                   left_of_address_space(sources)});
}

void require_memory(std::uint64_t needed, std::uint64_t available, const std::string& what, const std::string& advice) {
  if (needed <= available) return;
  throw Error(ErrorKind::kOutOfSpace, fmt::format("{} needs {} of memory, and {} are available; {}", what,
                                                  readable(needed), readable(available), advice));
}

}  // namespace prunenet
