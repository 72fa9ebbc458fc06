// What pruning does inside the model: distortion by layer, one response's spectrum, where kept neurons lie.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "prunenet/report/axes.h"
#include "prunenet/report/figures.h"
#include "prunenet/report/plots.h"

namespace prunenet {

namespace {

using nlohmann::json;

constexpr double kFloor = 1e-6;  // of the largest value: what is below it is not worth a decade of the axis

std::string percent(double ratio) {
  return fmt::format("{:g} %", 100.0 * ratio);
}

std::string distortion_name(const Comparison& comparison) {
  std::string first;
  for (const Method& method : comparison.methods) {
    const Cell* cell = method.at(comparison.ratio);
    if (cell == nullptr) continue;
    for (const Record* record : cell->seeds) {
      const json kinds = record->part("/layers/distortion");
      if (kinds.contains(kMainDistortion)) return kMainDistortion;
      if (first.empty() && !kinds.empty()) first = kinds.items().begin().key();
    }
  }
  return first;
}

/// Median over seeds for each layer.
std::vector<double> by_layer(const Cell& cell, const std::string& kind) {
  std::vector<std::vector<double>> layers;
  for (const Record* record : cell.seeds) {
    const json kinds = record->part("/layers/distortion");
    if (!kinds.contains(kind)) continue;
    const auto values = kinds.at(kind).get<std::vector<double>>();
    layers.resize(std::max(layers.size(), values.size()));
    for (std::size_t layer = 0; layer < values.size(); ++layer) layers[layer].push_back(values[layer]);
  }
  std::vector<double> medians;
  medians.reserve(layers.size());
  for (const auto& values : layers) medians.push_back(spread_of(values).value_or(Spread{}).median);
  return medians;
}

/// "x y" lines of the values above `floor`, x from `first`; `extent` learns what is drawn.
std::string rows_of(const std::vector<double>& values, double floor, int first, Extent& extent) {
  std::string rows;
  for (std::size_t index = 0; index < values.size(); ++index) {
    if (values[index] <= floor) {
      rows += "\n";  // a gap in the line
      continue;
    }
    extent.add(values[index]);
    rows += fmt::format("{} {:.6g}\n", first + static_cast<int>(index), values[index]);
  }
  return rows;
}

/// The first seed's record of a method at the comparison's ratio that holds this part.
const Record* example_of(const Comparison& comparison, const Method& method, const std::string& pointer) {
  const Cell* cell = method.at(comparison.ratio);
  if (cell == nullptr) return nullptr;
  const auto found = std::find_if(cell->seeds.begin(), cell->seeds.end(),
                                  [&](const Record* record) { return !record->part(pointer).empty(); });
  return found == cell->seeds.end() ? nullptr : *found;
}

std::vector<double> descending(const json& list) {
  auto values = list.get<std::vector<double>>();
  std::sort(values.begin(), values.end(), std::greater<>());
  return values;
}

}  // namespace

std::vector<Figure> distortion_figures(const Comparison& comparison) {
  const std::string kind = distortion_name(comparison);
  std::size_t count = 0;
  Figure figure;
  Plots plots;
  Extent extent;
  for (std::size_t index = 0; index < comparison.methods.size(); ++index) {
    const Cell* cell = comparison.methods[index].at(comparison.ratio);
    if (cell == nullptr) continue;
    const std::vector<double> layers = by_layer(*cell, kind);
    count = std::max(count, layers.size());
    const Extent before = extent;
    const std::string rows = rows_of(layers, kFloor, 0, extent);
    if (extent.empty() || rows.find_first_not_of('\n') == std::string::npos) {
      extent = before;
      continue;
    }
    const SeriesStyle style = style_of(comparison, index);
    plots.add(rows, fmt::format("with linespoints {} pt {} ps 0.4", line_style(style), point_type(style.look)));
    figure.legend.push_back(legend_entry(comparison, index));
  }
  if (plots.empty()) return {};
  figure.title = fmt::format("Distortion of each layer at {}", percent(comparison.ratio));
  figure.note = fmt::format("Spectral distortion, {}: medians over seeds. Untouched layers have none.", kind);
  figure.script = {
      kFigureWidth, kFigureHeight,
      plots.script(common_settings() + log_axis("y", extent) + layer_axis(count) + "set ylabel 'distortion'\n")};
  return {figure};
}

std::vector<Figure> spectrum_figures(const Comparison& comparison) {
  Figure figure;
  Plots plots;
  Extent extent;
  std::optional<json> dense;
  std::optional<double> layer;
  double floor = 0.0;
  std::string settings;
  for (std::size_t index = 0; index < comparison.methods.size(); ++index) {
    const Record* record = example_of(comparison, comparison.methods[index], "/spectrum/pruned");
    if (record == nullptr) continue;
    const json spectrum = record->part("/spectrum");
    if (!dense) {
      dense = spectrum.at("dense");
      layer = record->number("/spectrum/layer");
      const std::vector<double> values = descending(*dense);
      settings = fmt::format("set xrange [1:{}]\n", std::max<std::size_t>(values.size(), 2));
      floor = values.empty() ? 0.0 : kFloor * values.front();
      plots.add(rows_of(values, floor, 1, extent), fmt::format("with lines lc {} lw 3", series_colour(-1)));
      figure.legend.push_back({"dense model", "━", -1});
    }
    if (record->number("/spectrum/layer") != layer) continue;  // of another block: not to be laid over this one
    plots.add(rows_of(descending(spectrum.at("pruned")), floor, 1, extent),
              fmt::format("with lines {}", line_style(style_of(comparison, index))));
    figure.legend.push_back(legend_entry(comparison, index));
  }
  if (plots.empty() || extent.empty()) return {};
  figure.title = fmt::format("Spectrum of one response at {}", percent(comparison.ratio));
  figure.note = fmt::format("Singular values of what {} adds to the residual stream, before and after pruning.",
                            layer ? fmt::format("the FFN of layer {:g}", *layer) : "one FFN");
  figure.script = {kFigureWidth, kFigureHeight,
                   plots.script(common_settings() + log_axis("y", extent) + settings +
                                "set xlabel 'index' offset 0,0.3\nset ylabel 'singular value'\n")};
  return {figure};
}

namespace {

constexpr std::size_t kColumns = 256;  // of a strip: neurons share one where there are more of them
constexpr int kMinRows = 90;           // of pixels, so that layers have sharp edges

/// Shares of kept neurons by column, for each layer.
std::string strips(const std::vector<std::vector<std::int64_t>>& layers, std::int64_t neurons, std::size_t columns) {
  const int repeats = std::max(1, kMinRows / static_cast<int>(layers.size()));
  std::string rows;
  for (const auto& layer : layers) {
    std::vector<int> kept(columns, 0);
    std::vector<int> all(columns, 0);
    const auto column = [&](std::int64_t neuron) {
      return static_cast<std::size_t>(neuron) * columns / static_cast<std::size_t>(neurons);
    };
    for (std::int64_t neuron = 0; neuron < neurons; ++neuron) ++all[column(neuron)];
    for (const std::int64_t neuron : layer) ++kept[column(neuron)];
    std::string row;
    for (std::size_t at = 0; at < columns; ++at) row += fmt::format("{:.2f} ", static_cast<double>(kept[at]) / all[at]);
    for (int repeat = 0; repeat < repeats; ++repeat) rows += row + "\n";
  }
  return rows;
}

Figure kept_figure(const Comparison& comparison, std::size_t method, const Record& record) {
  const auto layers = record.part("/layers/keep_indices").get<std::vector<std::vector<std::int64_t>>>();
  std::int64_t neurons = 0;
  for (const auto& layer : layers) neurons = std::max(neurons, layer.empty() ? 0 : layer.back() + 1);
  neurons = static_cast<std::int64_t>(record.number("/model/intermediate_size").value_or(static_cast<double>(neurons)));
  const std::size_t columns = std::min(kColumns, static_cast<std::size_t>(neurons));
  const int repeats = std::max(1, kMinRows / static_cast<int>(layers.size()));
  Figure figure;
  figure.title = marked_label(comparison.methods[method]);
  const double width = static_cast<double>(neurons) / static_cast<double>(columns);
  figure.script = {
      kFigureWidth, 240,
      common_settings() +
          fmt::format("unset grid\nset xrange [0:{0}]\nset xtics {5}\nset ytics {6}\nset yrange [{1}:-0.5]\nset xlabel "
                      "'neuron' offset 0,0.3\nset "
                      "ylabel 'layer'\n"
                      "$kept << EOD\n{2}EOD\n"
                      "plot $kept matrix using (($1+0.5)*{3:.8g}):(($2+0.5)/{4}.0-0.5):(70):(130):(200):($3*255) with "
                      "rgbalpha\n",
                      neurons, static_cast<double>(layers.size()) - 0.5, strips(layers, neurons, columns), width,
                      repeats, round_step(neurons / 3), round_step(static_cast<std::int64_t>(layers.size()) / 4))};
  return figure;
}

}  // namespace

std::vector<Figure> kept_figures(const Comparison& comparison) {
  std::vector<Figure> figures;
  for (std::size_t index = 0; index < comparison.methods.size(); ++index) {
    const Record* record = example_of(comparison, comparison.methods[index], "/layers/keep_indices");
    if (record == nullptr) continue;
    const json layers = record->part("/layers/keep_indices");
    if (std::all_of(layers.begin(), layers.end(), [](const json& layer) { return layer.empty(); })) continue;
    figures.push_back(kept_figure(comparison, index, *record));
  }
  return figures;
}

}  // namespace prunenet
