#include "human.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace prunenet::cli {

namespace {

/// `value` divided by 1000 until it is below 1000, and how often.
struct Scaled {
  double value;
  std::size_t thousands;
};

Scaled scale(double value, std::size_t limit) {
  Scaled scaled{value, 0};
  while (scaled.value >= 999.95 && scaled.thousands < limit) {
    scaled.value /= 1000.0;
    ++scaled.thousands;
  }
  return scaled;
}

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  const Scaled scaled = scale(static_cast<double>(bytes), kUnits.size() - 1);
  if (scaled.thousands == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.1f} {}", scaled.value, kUnits.at(scaled.thousands));
}

std::string human_count(double count) {
  constexpr std::array kSuffixes = {"", "k", "M", "G", "T"};
  const Scaled scaled = scale(count, kSuffixes.size() - 1);
  const bool whole = scaled.thousands == 0 && (count >= 100.0 || count == std::floor(count));
  return fmt::format("{:.{}f}{}", scaled.value, whole ? 0 : 1, kSuffixes.at(scaled.thousands));
}

std::string human_seconds(double seconds) {
  if (seconds < 9.95) return fmt::format("{:.2f} s", seconds);
  if (seconds < 99.5) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60);
}

std::string human_percent(double share) {
  return fmt::format("{:.1f} %", 100.0 * share);
}

}  // namespace prunenet::cli
