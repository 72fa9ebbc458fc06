#include "prunenet/report/figure.h"

#include <fmt/format.h>

#include <array>
#include <regex>

#include "prunenet/report/html.h"

namespace prunenet {

namespace {

constexpr std::string_view kGridColour = "#010203";  // no series has it

struct PointLook {
  int type;  // of gnuplot
  const char* symbol;
};
constexpr std::array<PointLook, kSeriesShapes> kPoints{
    {{7, "●"}, {5, "■"}, {9, "▲"}, {13, "◆"}, {11, "▼"}, {6, "○"}, {4, "□"}, {8, "△"}, {12, "◇"}, {10, "▽"}}};

std::string rgb(int red, int green, int blue) {
  return fmt::format("rgb({:3}, {:3}, {:3})", red, green, blue);  // as gnuplot writes it
}

/// Plots come with a title that a browser shows as a tooltip; gnuplot's own says nothing.
std::string without_titles(const std::string& svg) {
  static const std::regex kTitles("<title>[^<]*</title>|<desc>[^<]*</desc>");
  return std::regex_replace(svg, kTitles, "");
}

}  // namespace

std::string label_mark(std::size_t index) {
  return fmt::format("@{}@", index);
}

std::string css_colour(int look) {
  return look < 0 ? "currentColor" : fmt::format("var(--series-{})", look % kSeriesColours);
}

std::string series_colour(int look) {
  return look < 0 ? "rgb '#000000'" : fmt::format("rgb '#01{:02x}5a'", look % kSeriesColours);
}

int point_type(int look) {
  return kPoints[static_cast<std::size_t>(look % kSeriesShapes)].type;
}

std::string point_symbol(int look) {
  return kPoints[static_cast<std::size_t>(look % kSeriesShapes)].symbol;
}

std::string common_settings() {
  return fmt::format(
      "set key off\nset tmargin 0.8\nset rmargin 2\nset border 3 lw 1\nset tics nomirror out scale 0.6,0.3\nset bars "
      "small\n"
      "set style line 100 lc rgb '{0}' lw 1 dt 1\nset grid xtics ytics back ls 100\n",
      kGridColour);
}

std::string embed_svg(std::string svg, const std::string& prefix, const Figure& figure) {
  svg.erase(0, svg.find("<svg"));
  svg = without_titles(svg);
  for (const std::string_view mark : {" id='", " id=\"", "href='#", "url(#"}) {
    svg = replace_all(std::move(svg), mark, fmt::format("{}{}", mark, prefix));
  }
  for (int look = 0; look < kSeriesColours; ++look) {
    svg = replace_all(std::move(svg), rgb(1, look, 0x5A), css_colour(look));
  }
  svg = replace_all(std::move(svg), rgb(1, 2, 3), "var(--grid)");
  svg = replace_all(std::move(svg), rgb(0, 0, 0), "currentColor");
  for (const std::string_view attribute : {"fill", "stroke"}) {
    svg =
        replace_all(std::move(svg), fmt::format("{}='black'", attribute), fmt::format("{}='currentColor'", attribute));
    svg = replace_all(std::move(svg), fmt::format("{}=\"black\"", attribute),
                      fmt::format("{}=\"currentColor\"", attribute));
  }
  // White is what marks stand out from. Any other colour of a group serves what asks for the current one, the page's.
  for (const std::string_view white : {" color=\"white\"", " color='white'"}) {
    svg = replace_all(std::move(svg), white, " color=\"var(--card)\"");
  }
  for (const std::string_view colour : {"black", "gray"}) {
    svg = replace_all(std::move(svg), fmt::format(" color=\"{}\"", colour), "");
  }
  svg = replace_all(std::move(svg), "font-family=\"sans-serif\"", "font-family=\"inherit\"");
  // From the last, so that "@1@" is no part of what replaced "@12@".
  for (std::size_t index = figure.labels.size(); index-- > 0;) {
    svg = replace_all(std::move(svg), label_mark(index), escape_html(figure.labels[index]));
  }
  return replace_all(std::move(svg), "<svg",
                     fmt::format("<svg role=\"img\" aria-label=\"{}\"", escape_html(figure.title)));
}

}  // namespace prunenet
