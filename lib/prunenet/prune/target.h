#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "prunenet/prune/estimate.h"

namespace prunenet {

/// What a pruned model may cost at most.
struct Target {
  enum class Cost {
    kParameters,
    kBytes,  ///< of the weight files
    kMacs,   ///< multiply_accumulates of one token
  };
  Cost cost = Cost::kParameters;
  double value = 0.0;
  bool share = false;  ///< `value` is a share of the dense model's cost
};

/// "params=100M", "size=80MB", "macs=90M", "size=70%": suffixes k, M, G (or B for params) and T are decimal, Ki, Mi and
/// Gi binary, a B behind them may be left out. Throws Error(kInvalidArgument) saying what is understood.
[[nodiscard]] Target parse_target(std::string_view text);

/// What a plan of some width in every layer comes to.
using EstimateOfWidth = std::function<PruneEstimate(std::int64_t width)>;

/// The largest width below `neurons` that meets the target, among the multiples of `round_to` that a ratio up to
/// kMaxRatio leaves. Throws Error(kInvalidArgument) where none does, naming the smallest cost that can be had, or where
/// the dense model meets it already, and as `width_for_ratio`.
[[nodiscard]] std::int64_t width_for_target(std::int64_t neurons, const Target& target, std::int64_t round_to,
                                            const EstimateOfWidth& estimate);

/// What a plan is made with to meet a target.
struct RatioForTarget {
  double ratio = 0.0;         ///< share of neurons to remove
  std::int64_t round_to = 1;  ///< the width that stays is a multiple of it
};

/// The ratio that leaves `width_for_target`. Without `round_to` the width is a multiple of the default rounding, which
/// depends on the width. Throws likewise.
[[nodiscard]] RatioForTarget ratio_for_target(std::int64_t neurons, const Target& target,
                                              std::optional<std::int64_t> round_to, const EstimateOfWidth& estimate);

}  // namespace prunenet
