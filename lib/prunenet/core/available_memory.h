#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace prunenet {

/// Where the system says what memory there is; a test gives others.
struct MemorySources {
  std::filesystem::path meminfo = "/proc/meminfo";
  std::filesystem::path cgroup = "/proc/self/cgroup";
  std::filesystem::path cgroup_root = "/sys/fs/cgroup";
  std::filesystem::path statm = "/proc/self/statm";
  std::optional<std::uint64_t> address_space = {};  ///< RLIMIT_AS; that of the process where not given
};

/// Bytes that this process could still take: the least of MemAvailable of /proc/meminfo, what the limits of its control
/// groups (v1 and v2) leave, files in the page cache not counted, and what RLIMIT_AS leaves. What the system does not
/// say is no limit.
[[nodiscard]] std::uint64_t available_memory_bytes(const MemorySources& sources = {});

/// Throws Error(kOutOfSpace): "WHAT needs 32.1 GB of memory, and 8.0 GB are available; ADVICE".
void require_memory(std::uint64_t needed, std::uint64_t available, const std::string& what, const std::string& advice);

}  // namespace prunenet
