#include "prunenet/prune/target.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/plan/plan.h"

namespace prunenet {

namespace {

constexpr std::array<std::pair<std::string_view, Target::Cost>, 3> kCosts{
    {{"params", Target::Cost::kParameters}, {"size", Target::Cost::kBytes}, {"macs", Target::Cost::kMacs}}};

constexpr std::array<std::pair<std::string_view, double>, 9> kUnits{{{"", 1.0},
                                                                     {"k", 1e3},
                                                                     {"K", 1e3},
                                                                     {"M", 1e6},
                                                                     {"G", 1e9},
                                                                     {"T", 1e12},
                                                                     {"Ki", 1024.0},
                                                                     {"Mi", 1048576.0},
                                                                     {"Gi", 1073741824.0}}};

[[noreturn]] void refuse_target(std::string_view text) {
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("target \"{}\" is not understood; give params=100M, size=80MB, macs=90M or a share as "
                          "size=70%",
                          text));
}

std::string_view name_of(Target::Cost cost) {
  for (const auto& [name, candidate] : kCosts) {
    if (candidate == cost) return name;
  }
  return "";
}

double cost_of(const PruneEstimate& sizes, Target::Cost cost, bool dense) {
  switch (cost) {
    case Target::Cost::kBytes:
      return static_cast<double>(dense ? sizes.bytes_before : sizes.bytes_after);
    case Target::Cost::kMacs:
      return static_cast<double>(dense ? sizes.macs_before : sizes.macs_after);
    case Target::Cost::kParameters:
      break;
  }
  return static_cast<double>(dense ? sizes.parameters_before : sizes.parameters_after);
}

}  // namespace

Target parse_target(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) refuse_target(text);
  Target target;
  bool known = false;
  for (const auto& [name, cost] : kCosts) {
    if (name != text.substr(0, equals)) continue;
    target.cost = cost;
    known = true;
  }
  const std::string_view amount = text.substr(equals + 1);
  const auto [end, status] = std::from_chars(amount.data(), amount.data() + amount.size(), target.value);
  if (!known || status != std::errc() || !std::isfinite(target.value) || target.value <= 0.0) refuse_target(text);
  std::string_view unit = amount.substr(static_cast<std::size_t>(end - amount.data()));
  if (unit == "%") {
    target.share = true;
    target.value /= 100.0;
    return target;
  }
  if (target.cost == Target::Cost::kParameters && unit == "B") unit = "G";  // 7B parameters
  if (target.cost == Target::Cost::kBytes && unit.ends_with('B')) unit.remove_suffix(1);
  for (const auto& [name, factor] : kUnits) {
    if (name != unit) continue;
    target.value *= factor;
    return target;
  }
  refuse_target(text);
}

std::int64_t width_for_target(std::int64_t neurons, const Target& target, std::int64_t round_to,
                              const EstimateOfWidth& estimate) {
  std::int64_t narrowest = width_for_ratio(neurons, kMaxRatio, round_to);  // checks round_to
  while (static_cast<double>(neurons - narrowest) > kMaxRatio * static_cast<double>(neurons)) narrowest += round_to;
  const double dense = cost_of(estimate(neurons), target.cost, true);
  const double limit = target.share ? target.value * dense : target.value;
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("target {}={:.4g} {}; the dense model has {:.4g}",
                                                         name_of(target.cost), limit, why, dense));
  };
  if (dense <= limit) refuse("is met without pruning");
  const auto cost_at = [&](std::int64_t width) { return cost_of(estimate(width), target.cost, false); };
  std::int64_t low = narrowest / round_to;  // multiples of round_to; `low` meets the target, `high` does not
  std::int64_t high = (neurons + round_to - 1) / round_to;
  if (const double smallest = cost_at(narrowest); smallest > limit) {
    refuse(
        fmt::format("cannot be met: with {} of {} neurons a layer it is still {:.4g}", narrowest, neurons, smallest));
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (cost_at(middle * round_to) <= limit ? low : high) = middle;
  }
  return low * round_to;
}

RatioForTarget ratio_for_target(std::int64_t neurons, const Target& target, std::optional<std::int64_t> round_to,
                                const EstimateOfWidth& estimate) {
  const auto ratio_of = [&](std::int64_t multiple) {
    const std::int64_t width = width_for_target(neurons, target, multiple, estimate);
    return 1.0 - static_cast<double>(width) / static_cast<double>(neurons);
  };
  RatioForTarget found{.round_to = round_to.value_or(default_rounding(neurons, 0.0))};
  found.ratio = ratio_of(found.round_to);
  const std::int64_t of_width = round_to.value_or(default_rounding(neurons, found.ratio));
  if (of_width != found.round_to) found = {ratio_of(of_width), of_width};  // narrower than it began
  return found;
}

}  // namespace prunenet
