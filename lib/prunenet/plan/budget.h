#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/plan/plan.h"

namespace prunenet {

/// How layers share what may stay, at every ratio: layer l keeps the share
///   p_l = max(floor, sigma(a + b_l)),    sigma(x) = 1 / (1 + exp(-x)),
/// of its neurons, a such that the mean over layers is what is asked for. Offsets b of 0 are uniform widths.
struct Budget {
  std::vector<double> offsets;  ///< b, a layer each
  double floor = 0.2;           ///< least share of a layer, [0, 1]
};

/// Kept shares of layers for a removed share `ratio` in [0, kMaxRatio]; at least 1 - ratio where the floor is above it.
/// Throws Error(kInvalidArgument) for no layers or a ratio outside its range.
[[nodiscard]] std::vector<double> kept_shares(const Budget& budget, double ratio);

/// Widths in multiples of `round_to` that sum to what uniform widths (width_for_ratio) come to, as near to the shares
/// as that allows: the largest remainders are rounded up. At least one multiple, and the floor, rounded up, where that
/// leaves enough for the others. Throws as `width_for_ratio` and `kept_shares`.
[[nodiscard]] std::vector<std::int64_t> budget_widths(const Budget& budget, std::int64_t intermediate_size,
                                                      double ratio, std::int64_t round_to);

/// The same budget for a model of another depth: offsets at the same relative depth, between layers linearly.
[[nodiscard]] Budget budget_for_depth(const Budget& budget, std::int64_t layers);

/// A plan of these widths, from one vector of I scores a layer (larger stays). Throws as `make_uniform_plan`, and
/// Error(kMismatch) where the budget is for another number of layers.
[[nodiscard]] Plan make_budget_plan(const std::vector<std::vector<float>>& scores, const Budget& budget, double ratio,
                                    std::int64_t round_to, std::string source);

/// `{"offsets": [...], "floor": 0.2}`
[[nodiscard]] nlohmann::json to_json(const Budget& budget);
/// Throws Error(kBadInput) naming the field.
[[nodiscard]] Budget budget_from_json(const nlohmann::json& json);

}  // namespace prunenet
