#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prunenet/report/comparison.h"

namespace prunenet {

/// Smallest and largest of what will be drawn.
class Extent {
 public:
  void add(double value);
  [[nodiscard]] bool empty() const { return smallest_ > largest_; }
  [[nodiscard]] double smallest() const { return smallest_; }
  [[nodiscard]] double largest() const { return largest_; }

 private:
  double smallest_ = 1.0;
  double largest_ = -1.0;
};

/// gnuplot commands for a logarithmic axis ("x" or "y") with some room at both ends and marks at 1, 2, 5, ... 10k, 1M.
[[nodiscard]] std::string log_axis(const std::string& axis, const Extent& extent);
/// The same in seconds, with few marks: 0.1 s, 1 s, 10 s, 100 s.
[[nodiscard]] std::string log_seconds_axis(const std::string& axis, const Extent& extent);
/// A linear axis from 0 with about four marks, and its unit.
[[nodiscard]] std::string amount_axis(const std::string& axis, double largest, const std::string& unit);
/// A whole number of about this size that reads well as the distance of marks: 1, 2, 5, 10, ...
[[nodiscard]] std::int64_t round_step(std::int64_t about);
/// Layers 0 ... count - 1 on the x axis.
[[nodiscard]] std::string layer_axis(std::size_t count);
/// The ratios in percent, each with a mark, and room for `series_offset`.
[[nodiscard]] std::string ratio_axis(const std::vector<double>& ratios);

/// All ratios of a comparison, ascending.
[[nodiscard]] std::vector<double> ratios_of(const Comparison& comparison);
/// How far the marks of a method stand beside its ratio, in percent, so that those of several do not hide each other.
[[nodiscard]] double series_offset(const Comparison& comparison, std::size_t method);

}  // namespace prunenet
