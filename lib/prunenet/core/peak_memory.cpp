#include "prunenet/core/peak_memory.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace prunenet {

namespace {

constexpr std::uint64_t kKibibyte = 1024;

/// "VmHWM:  1234 kB"; 0 where there is no such line.
std::uint64_t high_water_mark() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmHWM:") continue;
    std::uint64_t kibibytes = 0;
    status >> kibibytes;
    return kibibytes * kKibibyte;
  }
  return 0;
}

}  // namespace

std::uint64_t peak_rss_bytes() {
  if (const std::uint64_t mark = high_water_mark(); mark > 0) return mark;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * kKibibyte;
}

void reset_peak_rss() {
  std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): resets the peak resident set size
}

}  // namespace prunenet
