#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "prunenet/report/gnuplot.h"

namespace prunenet {

/// Colours of series: --series-0 ... of the page's style sheet.
inline constexpr int kSeriesColours = 12;
/// Shapes of marks. Colours and shapes each start over when they are used up, so that 60 methods look different.
inline constexpr int kSeriesShapes = 10;

/// What a series looks like in all figures of a comparison.
struct SeriesStyle {
  int look = 0;         ///< colour and shape
  bool dashed = false;  ///< it used calibration text
};

/// One entry of a figure's legend.
struct LegendEntry {
  std::string label;   ///< plain text
  std::string symbol;  ///< what the mark looks like, a character
  int look = 0;        ///< -1: the colour of text
};

/// A figure before it is drawn. Text of records stands in `title`, `note`, `legend` and `labels` only.
struct Figure {
  std::string title;
  std::string note;  ///< a sentence or two below the drawing; may be empty
  GnuplotScript script;
  std::vector<LegendEntry> legend;
  std::vector<std::string> labels;  ///< take the place of `label_mark(i)` in the drawing
};

/// Stands in a script for text that gnuplot must not see.
[[nodiscard]] std::string label_mark(std::size_t index);
/// Colour of a series on the page, for a style attribute.
[[nodiscard]] std::string css_colour(int look);
/// Colour of a series in a script, as a gnuplot colour; the drawing then follows the page's light or dark colours.
[[nodiscard]] std::string series_colour(int look);
/// gnuplot's point type of a series, and the character that looks like it.
[[nodiscard]] int point_type(int look);
[[nodiscard]] std::string point_symbol(int look);
/// Axes without a frame, light lines behind, no key: how every figure begins.
[[nodiscard]] std::string common_settings();

/// gnuplot's drawing made part of a page: no document head, ids and references of its own (`prefix`), colours of the
/// page, labels in their places, a name for those who cannot see it.
[[nodiscard]] std::string embed_svg(std::string svg, const std::string& prefix, const Figure& figure);

}  // namespace prunenet
