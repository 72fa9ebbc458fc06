#pragma once

#include <optional>
#include <span>
#include <vector>

namespace prunenet {

/// Median, smallest and largest of the values of several seeds.
struct Spread {
  double median = 0.0;  ///< of an even count: the mean of the middle two
  double smallest = 0.0;
  double largest = 0.0;
};

/// Nothing where there are no values.
[[nodiscard]] std::optional<Spread> spread_of(std::vector<double> values);

/// Spearman's rank correlation: Pearson's, of the ranks; equal values share the mean of their ranks. Nothing where
/// there are fewer than two values or all values of one side are equal. Throws Error(kInvalidArgument) where the
/// lengths differ.
[[nodiscard]] std::optional<double> rank_correlation(std::span<const double> left, std::span<const double> right);

}  // namespace prunenet
