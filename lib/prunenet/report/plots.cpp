#include "prunenet/report/plots.h"

#include <fmt/format.h>

namespace prunenet {

void Plots::add(const std::string& rows, const std::string& how) {
  const std::string name = fmt::format("$data{}", count_++);
  blocks_ += fmt::format("{} << EOD\n{}EOD\n", name, rows);
  plots_ += fmt::format("{}{} {}", plots_.empty() ? "plot " : ", ", name, how);
}

void Plots::add_level(double value) {
  plots_ += fmt::format("{}{:.10g} with lines lc {} lw 1.2 dt (2,4)", plots_.empty() ? "plot " : ", ", value,
                        series_colour(-1));
}

std::string line_style(const SeriesStyle& style) {
  return fmt::format("lc {} lw 1.8 dt {}", series_colour(style.look), style.dashed ? "(8,5)" : "1");
}

std::string point_style(const SeriesStyle& style, double size) {
  return fmt::format("lc {} pt {} ps {}", series_colour(style.look), point_type(style.look), size);
}

}  // namespace prunenet
