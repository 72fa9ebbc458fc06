#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/plan/plan.h"

namespace prunenet {

namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kPresets{{
    {"none", 1},         // transformers: any width
    {"tensorcore", 64},  // whole tiles of a half-precision matrix product
    {"gguf", 32},        // block size of Q4_0 to Q8_0
    {"gguf-k", 256},     // super-block size of the K-quants
    {"marlin", 128},     // GPTQ, AWQ and FP8 kernels
}};

// From this width on, the share of neurons that a multiple of 256 can move is small.
constexpr std::int64_t kWideWidth = 2048;
constexpr std::int64_t kWideRounding = 256;
constexpr std::int64_t kNarrowRounding = 32;
constexpr std::int64_t kSmallestRounded = 2 * kNarrowRounding;

void check_ratio(double ratio) {
  if (ratio >= 0.0 && ratio <= kMaxRatio) return;
  throw Error(
      ErrorKind::kInvalidArgument,
      fmt::format("ratio {} is outside [0, {}]: it is the share of intermediate neurons to remove", ratio, kMaxRatio));
}

std::int64_t rounded_width(std::int64_t intermediate_size, double ratio, std::int64_t round_to) {
  const double multiples = (1.0 - ratio) * static_cast<double>(intermediate_size) / static_cast<double>(round_to);
  const auto nearest = static_cast<std::int64_t>(std::llround(multiples));
  return std::min(std::max<std::int64_t>(nearest, 1) * round_to, intermediate_size);
}

}  // namespace

std::span<const std::pair<std::string_view, std::int64_t>> rounding_presets() {
  return kPresets;
}

std::int64_t parse_rounding(std::string_view text) {
  for (const auto& [name, multiple] : kPresets) {
    if (name == text) return multiple;
  }
  std::int64_t multiple = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), multiple);
  if (status == std::errc() && end == text.data() + text.size() && multiple >= 1) return multiple;
  std::string presets;
  for (const auto& [name, value] : kPresets) presets += fmt::format(", {} ({})", name, value);
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("width rounding \"{}\" is neither a positive number nor one of{}", printable(text),
                          presets.substr(1)));
}

std::int64_t default_rounding(std::int64_t intermediate_size, double ratio) {
  check_ratio(ratio);
  if (intermediate_size < kSmallestRounded) return 1;
  return rounded_width(intermediate_size, ratio, kWideRounding) >= kWideWidth ? kWideRounding : kNarrowRounding;
}

std::int64_t width_for_ratio(std::int64_t intermediate_size, double ratio, std::int64_t round_to) {
  check_ratio(ratio);
  if (round_to < 1 || round_to > intermediate_size) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("widths cannot be multiples of {} where intermediate_size is {}; choose a multiple in "
                            "[1, {}]",
                            round_to, intermediate_size, intermediate_size));
  }
  if (ratio == 0.0) return intermediate_size;
  return rounded_width(intermediate_size, ratio, round_to);
}

}  // namespace prunenet
