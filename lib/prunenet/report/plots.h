#pragma once

#include <string>

#include "prunenet/report/figure.h"

namespace prunenet {

/// Of most figures: at one column of a telephone's width its 13 px text is read.
inline constexpr int kFigureWidth = 400;
inline constexpr int kFigureHeight = 300;

/// The data and plots of one script.
class Plots {
 public:
  /// Lines of "x y [more]" and how they are drawn ("with lines ...").
  void add(const std::string& rows, const std::string& how);
  /// A line of the text's colour over the whole width.
  void add_level(double value);
  [[nodiscard]] bool empty() const { return plots_.empty(); }
  [[nodiscard]] std::string script(const std::string& settings) const { return settings + blocks_ + plots_ + "\n"; }

 private:
  int count_ = 0;
  std::string blocks_;
  std::string plots_;
};

/// Colour, width and dashes of a method's lines.
[[nodiscard]] std::string line_style(const SeriesStyle& style);
/// Colour, shape and size of its marks.
[[nodiscard]] std::string point_style(const SeriesStyle& style, double size);

}  // namespace prunenet
