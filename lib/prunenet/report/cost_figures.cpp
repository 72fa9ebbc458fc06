// What methods cost: training curves, seconds, memory.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "prunenet/report/axes.h"
#include "prunenet/report/figures.h"
#include "prunenet/report/plots.h"

namespace prunenet {

namespace {

using nlohmann::json;

/// The curves of a method, each once: a policy that serves all ratios is in the records of all of them.
std::vector<json> curves_of(const Method& method) {
  std::set<std::string> seen;
  std::vector<json> curves;
  for (const Cell& cell : method.cells) {
    for (const Record* record : cell.seeds) {
      const json curve = record->part("/curve");
      if (!curve.empty() && seen.insert(curve.dump()).second) curves.push_back(curve);
    }
  }
  return curves;
}

std::string curve_rows(const json& curve, const char* field) {
  std::string rows;
  for (const json& point : curve) {
    const json value = point.value(field, json());
    if (!value.is_null()) rows += fmt::format("{} {:.8g}\n", point.at("step").dump(), value.get<double>());
  }
  return rows;
}

/// At most so many characters (of UTF-8, whose further bytes begin with the bits 10).
std::string shortened(const std::string& label) {
  constexpr int kLongest = 24;
  int characters = 0;
  for (std::size_t at = 0; at < label.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(label[at]) & 0xC0U) != 0x80U;
    if (begins && ++characters == kLongest) return label.substr(0, at) + "…";
  }
  return label;
}

/// A row a method, the first on top; its label stands left of the axis.
std::string method_rows(Figure& figure, const Comparison& comparison, const std::vector<std::size_t>& methods) {
  std::string tics;
  for (std::size_t row = 0; row < methods.size(); ++row) {
    tics += fmt::format("{}'{}' {}", tics.empty() ? "" : ", ", label_mark(row), row);
    figure.labels.push_back(shortened(marked_label(comparison.methods[methods[row]])));
  }
  return fmt::format("set lmargin 21\nset yrange [{}.6:-0.6]\nset ytics ({})\n", methods.size() - 1, tics);
}

int height_of(std::size_t rows) {
  return 80 + 27 * static_cast<int>(rows);
}

struct Part {
  const char* name;
  const char* pointer;
  int look;
};
constexpr std::array<Part, 3> kParts{{{"training", "/seconds/training", 4},
                                      {"selection", "/seconds/selection", 0},
                                      {"writing the model", "/seconds/apply", 2}}};

std::optional<double> median_of(const Method& method, const char* pointer) {
  std::vector<double> all;
  for (const Cell& cell : method.cells) {
    const auto values = cell.values([&](const Record& record) {
      const auto value = record.number(pointer);
      return value && *value > 0.0 ? value : std::nullopt;  // 0: nothing to do here, or done for an earlier cell
    });
    all.insert(all.end(), values.begin(), values.end());
  }
  const auto spread = spread_of(std::move(all));
  return spread ? std::optional(spread->median) : std::nullopt;
}

std::vector<Figure> seconds_figures(const Comparison& comparison) {
  std::vector<std::size_t> methods;
  for (std::size_t index = 0; index < comparison.methods.size(); ++index) {
    const bool known = std::any_of(kParts.begin(), kParts.end(), [&](const Part& part) {
      return median_of(comparison.methods[index], part.pointer).value_or(0.0) > 0.0;
    });
    if (known) methods.push_back(index);
  }
  if (methods.empty()) return {};
  Figure figure;
  Plots plots;
  Extent extent;
  for (const Part& part : kParts) {
    std::string rows;
    for (std::size_t row = 0; row < methods.size(); ++row) {
      const double seconds = median_of(comparison.methods[methods[row]], part.pointer).value_or(0.0);
      if (seconds <= 0.0) continue;
      extent.add(seconds);
      rows += fmt::format("{:.6g} {}\n", seconds, row);
    }
    if (rows.empty()) continue;
    plots.add(rows, fmt::format("with points {}", point_style({part.look, false}, 0.8)));
    figure.legend.push_back({part.name, point_symbol(part.look), part.look});
  }
  figure.title = "Seconds";
  figure.note = "Medians over all cells of a method, on the machine of the records.";
  figure.script = {
      kFigureWidth, height_of(methods.size()),
      plots.script(common_settings() + method_rows(figure, comparison, methods) + log_seconds_axis("x", extent))};
  return {figure};
}

std::vector<Figure> memory_figures(const Comparison& comparison) {
  std::vector<std::size_t> methods;
  for (std::size_t index = 0; index < comparison.methods.size(); ++index) {
    if (median_of(comparison.methods[index], "/peak_rss_bytes")) methods.push_back(index);
  }
  if (methods.empty()) return {};
  Figure figure;
  Plots plots;
  double largest = 0.0;
  for (std::size_t row = 0; row < methods.size(); ++row) {
    const double gigabytes = 1e-9 * median_of(comparison.methods[methods[row]], "/peak_rss_bytes").value_or(0.0);
    largest = std::max(largest, gigabytes);
    plots.add(fmt::format("{0:.6g} {1} 0 {0:.6g} {2:.2f} {3:.2f}\n", gigabytes, row, static_cast<double>(row) - 0.3,
                          static_cast<double>(row) + 0.3),
              fmt::format("with boxxyerror fs solid 0.85 noborder lc {}",
                          series_colour(style_of(comparison, methods[row]).look)));
  }
  figure.title = "Peak memory";
  figure.note = "Of the process that made the cell, evaluation included: medians over all cells of a method.";
  figure.script = {
      kFigureWidth, height_of(methods.size()),
      plots.script(common_settings() + method_rows(figure, comparison, methods) + amount_axis("x", largest, "GB"))};
  return {figure};
}

}  // namespace

std::vector<Figure> curve_figures(const Comparison& comparison) {
  std::vector<Figure> figures;
  for (std::size_t index = 0; index < comparison.methods.size(); ++index) {
    Plots plots;
    const std::string colour = series_colour(style_of(comparison, index).look);
    for (const json& curve : curves_of(comparison.methods[index])) {
      const std::string train = curve_rows(curve, "train_reward");
      const std::string validation = curve_rows(curve, "validation_reward");
      if (!train.empty()) plots.add(train, fmt::format("with lines lc {} lw 0.8 dt (2,3)", colour));
      if (!validation.empty()) plots.add(validation, fmt::format("with lines lc {} lw 1.8", colour));
    }
    if (plots.empty()) continue;
    Figure figure;
    figure.title = fmt::format("Learning: {}", comparison.methods[index].label);
    figure.note = "Solid: validation reward; dotted: training reward. One line a training run; larger is better.";
    figure.script = {kFigureWidth, kFigureHeight,
                     plots.script(common_settings() + "set xlabel 'step' offset 0,0.3\nset ylabel 'reward'\n")};
    figures.push_back(std::move(figure));
  }
  return figures;
}

std::vector<Figure> cost_figures(const Comparison& comparison) {
  std::vector<Figure> figures = seconds_figures(comparison);
  for (Figure& figure : memory_figures(comparison)) figures.push_back(std::move(figure));
  return figures;
}

}  // namespace prunenet
