#include "prunenet/plan/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

double mean_share(const std::vector<double>& shares) {
  return std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(shares.size());
}

std::vector<double> shares_at(const Budget& budget, double level) {
  std::vector<double> shares;
  shares.reserve(budget.offsets.size());
  for (const double offset : budget.offsets) {
    shares.push_back(std::max(budget.floor, 1.0 / (1.0 + std::exp(-(level + offset)))));
  }
  return shares;
}

/// The layer that is furthest from what it is due, of those whose units `may_change`: below it with `sign` 1, above it
/// with -1. The first of several.
template <typename MayChange>
std::size_t furthest_off(const std::vector<std::int64_t>& units, const std::vector<double>& due, double sign,
                         MayChange may_change) {
  std::size_t furthest = units.size();
  double most = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < units.size(); ++i) {
    const double off = sign * (due[i] - static_cast<double>(units[i]));
    if (!may_change(units[i]) || off <= most) continue;
    most = off;
    furthest = i;
  }
  return furthest;
}

[[noreturn]] void refuse_budget(const std::string& what) {
  throw Error(ErrorKind::kBadInput, "budget: " + what);
}

}  // namespace

std::vector<double> kept_shares(const Budget& budget, double ratio) {
  if (budget.offsets.empty()) throw Error(ErrorKind::kInvalidArgument, "a budget of no layers");
  static_cast<void>(width_for_ratio(1, ratio, 1));  // checks the ratio
  // Far enough for any offset that budget_from_json takes.
  constexpr int kHalvings = 100;
  double low = -200.0;
  double high = 200.0;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    (mean_share(shares_at(budget, middle)) < 1.0 - ratio ? low : high) = middle;
  }
  return shares_at(budget, high);
}

std::vector<std::int64_t> budget_widths(const Budget& budget, std::int64_t intermediate_size, double ratio,
                                        std::int64_t round_to) {
  const std::vector<double> shares = kept_shares(budget, ratio);
  const std::int64_t uniform = width_for_ratio(intermediate_size, ratio, round_to);
  const auto layers = static_cast<std::int64_t>(shares.size());
  if (uniform == intermediate_size) return std::vector<std::int64_t>(shares.size(), intermediate_size);
  const std::int64_t most = intermediate_size / round_to;
  const std::int64_t total = uniform / round_to * layers;
  const double multiples = static_cast<double>(intermediate_size) / static_cast<double>(round_to);
  const auto floor_units = static_cast<std::int64_t>(std::ceil(budget.floor * multiples - 1e-9));
  const std::int64_t least = std::clamp<std::int64_t>(floor_units, 1, std::max<std::int64_t>(total / layers, 1));
  std::vector<double> due;
  std::vector<std::int64_t> units;
  for (const double share : shares) {
    due.push_back(share * multiples);
    units.push_back(std::clamp(static_cast<std::int64_t>(due.back()), least, most));
  }
  std::int64_t given = std::accumulate(units.begin(), units.end(), std::int64_t{0});
  // Where the least of some is more than they are due, the others have less.
  for (; given > total; --given) --units[furthest_off(units, due, -1.0, [least](auto unit) { return unit > least; })];
  for (; given < total; ++given) ++units[furthest_off(units, due, 1.0, [most](auto unit) { return unit < most; })];
  for (std::int64_t& width : units) width *= round_to;
  return units;
}

Budget budget_for_depth(const Budget& budget, std::int64_t layers) {
  const auto from = static_cast<std::int64_t>(budget.offsets.size());
  if (from == layers || from == 0) return budget;
  Budget result{.offsets = {}, .floor = budget.floor};
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const double place = (static_cast<double>(layer) + 0.5) / static_cast<double>(layers) * static_cast<double>(from);
    const double at = std::clamp(place - 0.5, 0.0, static_cast<double>(from - 1));
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, budget.offsets.size() - 1);
    const double weight = at - static_cast<double>(below);
    result.offsets.push_back((1.0 - weight) * budget.offsets[below] + weight * budget.offsets[above]);
  }
  return result;
}

Plan make_budget_plan(const std::vector<std::vector<float>>& scores, const Budget& budget, double ratio,
                      std::int64_t round_to, std::string source) {
  Plan plan = make_uniform_plan(scores, ratio, round_to, std::move(source));
  if (budget.offsets.size() != scores.size()) {
    throw Error(ErrorKind::kMismatch,
                fmt::format("a budget for {} layers, but there are {}", budget.offsets.size(), scores.size()));
  }
  const std::vector<std::int64_t> widths = budget_widths(budget, plan.intermediate_size, ratio, round_to);
  for (std::size_t layer = 0; layer < scores.size(); ++layer) {
    plan.keep_indices[layer] = top_k_indices(scores[layer], widths[layer]);
  }
  return plan;
}

nlohmann::json to_json(const Budget& budget) {
  return {{"offsets", budget.offsets}, {"floor", budget.floor}};
}

Budget budget_from_json(const nlohmann::json& json) {
  constexpr double kMostOffset = 100.0;
  constexpr std::size_t kMostLayers = 10'000;
  if (!json.is_object() || !json.contains("offsets") || !json.contains("floor")) {
    refuse_budget("not an object with offsets and floor");
  }
  const nlohmann::json& offsets = json.at("offsets");
  if (!offsets.is_array() || offsets.empty() || offsets.size() > kMostLayers) {
    refuse_budget(fmt::format("offsets are not a list of 1 to {} numbers", kMostLayers));
  }
  Budget budget;
  for (const nlohmann::json& offset : offsets) {
    if (!offset.is_number() || !(std::abs(offset.get<double>()) <= kMostOffset)) {
      refuse_budget(fmt::format("offset {} is no number of at most {}", budget.offsets.size(), kMostOffset));
    }
    budget.offsets.push_back(offset.get<double>());
  }
  const nlohmann::json& floor = json.at("floor");
  if (!floor.is_number() || !(floor.get<double>() >= 0.0 && floor.get<double>() <= 1.0)) {
    refuse_budget("floor is no number from 0 to 1");
  }
  budget.floor = floor.get<double>();
  return budget;
}

}  // namespace prunenet
