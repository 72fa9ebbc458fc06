#include "prunenet/report/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

/// Ranks from 1; equal values share the mean of theirs.
std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    for (std::size_t at = first; at <= last; ++at) result[order[at]] = 0.5 * static_cast<double>(first + last) + 1.0;
    first = last + 1;
  }
  return result;
}

}  // namespace

std::optional<Spread> spread_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
  return Spread{median, values.front(), values.back()};
}

std::optional<double> rank_correlation(std::span<const double> left, std::span<const double> right) {
  if (left.size() != right.size()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("rank correlation of {} values with {}: pairs are needed", left.size(), right.size()));
  }
  const std::vector<double> a = ranks(left);
  const std::vector<double> b = ranks(right);
  const double mean = 0.5 * (static_cast<double>(a.size()) + 1.0);
  double ab = 0.0;
  double aa = 0.0;
  double bb = 0.0;
  for (std::size_t index = 0; index < a.size(); ++index) {
    ab += (a[index] - mean) * (b[index] - mean);
    aa += (a[index] - mean) * (a[index] - mean);
    bb += (b[index] - mean) * (b[index] - mean);
  }
  if (aa == 0.0 || bb == 0.0) return std::nullopt;
  return ab / std::sqrt(aa * bb);
}

}  // namespace prunenet
