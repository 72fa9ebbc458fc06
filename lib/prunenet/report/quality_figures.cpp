// Perplexity and accuracy against ratio.
#include <fmt/format.h>

#include <functional>
#include <numeric>
#include <optional>
#include <utility>

#include "prunenet/report/axes.h"
#include "prunenet/report/figures.h"
#include "prunenet/report/plots.h"

namespace prunenet {

namespace {

/// By which rule a text was measured: numbers of another rule cannot be compared with these.
std::string rule_of(const Comparison& comparison, const std::string& text) {
  std::vector<const Record*> records;
  if (comparison.dense != nullptr) records.push_back(comparison.dense);
  for (const Method& method : comparison.methods) {
    for (const Cell& cell : method.cells) records.insert(records.end(), cell.seeds.begin(), cell.seeds.end());
  }
  for (const Record* record : records) {
    for (const nlohmann::json& entry : record->part("/perplexity")) {
      const nlohmann::json context = entry.value("context", nlohmann::json());
      const nlohmann::json windows = entry.value("windows", nlohmann::json());
      if (base_name(entry.at("file")) != text || context.is_null() || windows.is_null()) continue;
      return fmt::format(" {} windows of {} tokens.", windows.dump(), context.dump());
    }
  }
  return "";
}

/// Median perplexity of a method on a text at the comparison's ratio.
std::optional<double> usual_perplexity(const Comparison& comparison, std::size_t method, const std::string& text) {
  const Cell* cell = comparison.methods[method].at(comparison.ratio);
  if (cell == nullptr) return std::nullopt;
  const auto spread = spread_of(cell->values([&](const Record& record) { return perplexity_of(record, text); }));
  return spread ? std::optional(spread->median) : std::nullopt;
}

/// The methods that a bad one leaves no room for: those within this factor of the best.
std::vector<std::size_t> close_to_the_best(const Comparison& comparison, const std::string& text) {
  constexpr double kFactor = 2.5;
  Extent extent;
  for (std::size_t index = 0; index < comparison.methods.size(); ++index) {
    if (const auto perplexity = usual_perplexity(comparison, index, text)) extent.add(*perplexity);
  }
  std::vector<std::size_t> close;
  for (std::size_t index = 0; index < comparison.methods.size(); ++index) {
    const auto perplexity = usual_perplexity(comparison, index, text);
    if (perplexity && *perplexity <= kFactor * extent.smallest()) close.push_back(index);
  }
  return close;
}

Figure perplexity_figure(const Comparison& comparison, const std::string& text,
                         const std::vector<std::size_t>& methods) {
  Figure figure;
  Plots plots;
  Extent extent;
  for (const std::size_t index : methods) {
    std::string medians;
    std::string seeds;
    const double offset = series_offset(comparison, index);
    for (const Cell& cell : comparison.methods[index].cells) {
      const auto values = cell.values([&](const Record& record) { return perplexity_of(record, text); });
      const auto spread = spread_of(values);
      if (!spread) continue;
      extent.add(spread->smallest);
      extent.add(spread->largest);
      const double x = 100.0 * cell.ratio + offset;
      medians += fmt::format("{:.6g} {:.8g}\n", x, spread->median);
      for (const double value : values) seeds += fmt::format("{:.6g} {:.8g}\n", x, value);
    }
    if (medians.empty()) continue;
    const SeriesStyle style = style_of(comparison, index);
    plots.add(medians, fmt::format("with lines {}", line_style(style)));
    plots.add(seeds, fmt::format("with points {}", point_style(style, 0.55)));
    figure.legend.push_back(legend_entry(comparison, index));
  }
  if (plots.empty()) return figure;
  figure.title = fmt::format("Perplexity on {}", text);
  figure.note = "A mark a seed, lines through the medians; dashed with calibration text. Lower is better." +
                rule_of(comparison, text);
  if (const auto dense = comparison.dense == nullptr ? std::nullopt : perplexity_of(*comparison.dense, text)) {
    extent.add(*dense);
    plots.add_level(*dense);
    figure.legend.push_back({fmt::format("dense model: {:.2f}", *dense), "┄", -1});
  }
  figure.script = {kFigureWidth, kFigureHeight,
                   plots.script(common_settings() + ratio_axis(ratios_of(comparison)) + log_axis("y", extent) +
                                "set ylabel 'perplexity'\n")};
  return figure;
}

using AccuracyOf = std::function<std::optional<Accuracy>(const Record&)>;

/// Median over seeds of the retention, and the mean of its standard errors: the items are the same for all seeds, so
/// more seeds do not make it smaller.
std::optional<std::pair<double, double>> retention_at(const Cell& cell, const AccuracyOf& accuracy) {
  const auto median = spread_of(cell.values([&](const Record& record) {
    const auto found = accuracy(record);
    return found ? found->retention : std::nullopt;
  }));
  if (!median) return std::nullopt;
  const auto errors = cell.values([&](const Record& record) {
    const auto found = accuracy(record);
    return found ? found->retention_error : std::nullopt;
  });
  double error = 0.0;
  for (const double value : errors) error += value / static_cast<double>(errors.size());
  return std::pair{median->median, error};
}

Figure retention_figure(const Comparison& comparison, const std::string& title, const AccuracyOf& accuracy) {
  Figure figure;
  Plots plots;
  for (std::size_t index = 0; index < comparison.methods.size(); ++index) {
    std::string rows;
    for (const Cell& cell : comparison.methods[index].cells) {
      if (const auto found = retention_at(cell, accuracy)) {
        rows += fmt::format("{:.6g} {:.6g} {:.6g}\n", 100.0 * cell.ratio + series_offset(comparison, index),
                            100.0 * found->first, 100.0 * found->second);
      }
    }
    if (rows.empty()) continue;
    const SeriesStyle style = style_of(comparison, index);
    plots.add(rows, fmt::format("with lines {}", line_style(style)));
    plots.add(rows, fmt::format("with yerrorbars lw 1 {}", point_style(style, 0.55)));
    figure.legend.push_back(legend_entry(comparison, index));
  }
  if (plots.empty()) return figure;
  plots.add_level(100.0);
  figure.title = title;
  figure.note =
      "Accuracy as a share of the dense model's: medians over seeds, bars of one standard error of the accuracy.";
  figure.script = {kFigureWidth, kFigureHeight,
                   plots.script(common_settings() + ratio_axis(ratios_of(comparison)) +
                                "set ylabel 'accuracy that stays'\nset format y '%g %%'\n")};
  return figure;
}

}  // namespace

std::vector<Figure> perplexity_figures(const Comparison& comparison) {
  std::vector<std::size_t> all(comparison.methods.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<Figure> figures;
  for (const std::string& text : comparison.texts) {
    Figure figure = perplexity_figure(comparison, text, all);
    if (figure.title.empty()) continue;
    const std::size_t drawn = figure.legend.size();
    figures.push_back(std::move(figure));
    const std::vector<std::size_t> close = close_to_the_best(comparison, text);
    if (close.size() < 2) continue;
    Figure closer = perplexity_figure(comparison, text, close);
    if (closer.legend.size() == drawn) continue;
    closer.title += ", the best ones closer";
    figures.push_back(std::move(closer));
  }
  return figures;
}

std::vector<Figure> retention_figures(const Comparison& comparison) {
  std::vector<Figure> figures;
  const auto add = [&](const std::string& title, const AccuracyOf& accuracy) {
    Figure figure = retention_figure(comparison, title, accuracy);
    if (!figure.title.empty()) figures.push_back(std::move(figure));
  };
  if (comparison.tasks.size() > 1) {
    add(fmt::format("Retention, mean of {} tasks", comparison.tasks.size()),
        [&](const Record& record) { return mean_accuracy_of(record, comparison); });
  }
  for (const std::string& task : comparison.tasks) {
    add(fmt::format("Retention on {}", task),
        [&](const Record& record) { return accuracy_of(record, task, comparison.dense); });
  }
  return figures;
}

}  // namespace prunenet
