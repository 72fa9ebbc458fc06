#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "prunenet/report/axes.h"
#include "prunenet/report/tables.h"

namespace prunenet {

namespace {

using Value = std::function<std::optional<double>(const Record&)>;

std::string significant(double value) {
  if (value >= 1e6) return fmt::format("{:.2e}", value);
  return value >= 1000.0 ? fmt::format("{:.0f}", value) : fmt::format("{:.{}f}", value, value >= 100.0 ? 1 : 2);
}

std::string millions(double value) {
  return value >= 1e6 ? fmt::format("{:.1f}M", 1e-6 * value) : fmt::format("{:.1f}k", 1e-3 * value);
}

std::string seconds_text(double value) {
  return value < 10.0 ? fmt::format("{:.2f}", value) : fmt::format("{:.0f}", value);
}

std::string percent_text(double value) {
  return fmt::format("{:.1f} %", 100.0 * value);
}

std::string megabytes(double value) {
  return fmt::format("{:.0f} MB", 1e-6 * value);
}

/// "30.7", or "30.7 (30.5 to 31.2)" where seeds differ.
TableEntry spread_entry(const Cell& cell, const Value& value) {
  const auto spread = spread_of(cell.values(value));
  if (!spread) return {};
  std::string text = significant(spread->median);
  if (spread->smallest != spread->largest) {
    text += fmt::format(" ({} to {})", significant(spread->smallest), significant(spread->largest));
  }
  return {std::move(text), spread->median};
}

TableEntry median_entry(const Cell& cell, const Value& value, std::string (*write)(double)) {
  const auto spread = spread_of(cell.values(value));
  if (!spread) return {};
  return {write(spread->median), spread->median};
}

TableEntry accuracy_entry(const Cell& cell, const std::string& task) {
  const auto median = spread_of(cell.values([&](const Record& record) {
    const auto accuracy = accuracy_of(record, task, nullptr);
    return accuracy ? std::optional(accuracy->value) : std::nullopt;
  }));
  if (!median) return {};
  const auto error = spread_of(cell.values([&](const Record& record) {
    const auto accuracy = accuracy_of(record, task, nullptr);
    return accuracy ? accuracy->error : std::nullopt;
  }));
  return {percent_text(median->median) + (error ? fmt::format(" ± {:.1f}", 100.0 * error->median) : ""),
          median->median};
}

Value retention_value(const Comparison& comparison, std::optional<double> Accuracy::*field) {
  return [&comparison, field](const Record& record) {
    if (record.is_dense()) return std::optional<double>();  // of itself: 100 %
    const auto mean = mean_accuracy_of(record, comparison);
    return mean ? (*mean).*field : std::nullopt;
  };
}

Value number_value(const char* pointer) {
  return [pointer](const Record& record) { return record.number(pointer); };
}

/// A ratio with few digits that was asked for, and what rounding of widths made of it.
TableEntry ratio_entry(const Cell& cell) {
  std::string text = fmt::format("{:g} %", 100.0 * cell.ratio);
  const auto achieved = spread_of(cell.values(number_value("/achieved_ratio")));
  if (achieved && std::abs(achieved->median - cell.ratio) >= 0.0005) {
    text += fmt::format(" ({:.1f} %)", 100.0 * achieved->median);
  }
  return {std::move(text), cell.ratio};
}

std::vector<TableEntry> row_of(const Comparison& comparison, const std::string& label, const std::string& data,
                               const Cell& cell) {
  const auto seeds = std::count_if(cell.seeds.begin(), cell.seeds.end(),
                                   [](const Record* record) { return record->seed().has_value(); });
  std::vector<TableEntry> row{{label, {}},
                              {data, {}},
                              ratio_entry(cell),
                              {seeds == 0 ? "" : std::to_string(seeds), static_cast<double>(seeds)},
                              median_entry(cell, number_value("/parameters"), millions)};
  for (const std::string& text : comparison.texts) {
    row.push_back(spread_entry(cell, [&](const Record& record) { return perplexity_of(record, text); }));
  }
  for (const std::string& task : comparison.tasks) row.push_back(accuracy_entry(cell, task));
  for (const auto field : {&Accuracy::retention, &Accuracy::retention_above_chance}) {
    row.push_back(median_entry(cell, retention_value(comparison, field), percent_text));
  }
  for (const char* pointer : {"/seconds/training", "/seconds/selection", "/seconds/apply"}) {
    row.push_back(median_entry(cell, number_value(pointer), seconds_text));
  }
  row.push_back(median_entry(cell, number_value("/peak_rss_bytes"), megabytes));
  return row;
}

}  // namespace

Table cell_table(const Comparison& comparison) {
  Table table;
  table.columns = {{"method", false}, {"data", false}, {"removed"}, {"seeds"}, {"parameters"}};
  for (const std::string& text : comparison.texts) table.columns.push_back({"perplexity, " + text});
  for (const std::string& task : comparison.tasks) table.columns.push_back({"accuracy, " + task});
  for (const char* heading :
       {"retention", "above chance", "training, s", "selection, s", "writing, s", "peak memory"}) {
    table.columns.push_back({heading});
  }
  if (comparison.dense != nullptr) {
    table.rows.push_back(row_of(comparison, comparison.dense->label(), "", {0.0, {comparison.dense}}));
  }
  for (const double ratio : ratios_of(comparison)) {
    for (const Method& method : comparison.methods) {
      if (const Cell* cell = method.at(ratio))
        table.rows.push_back(row_of(comparison, method.label, method.data, *cell));
    }
  }
  return without_empty_columns(std::move(table));
}

Table cost_table(const Comparison& comparison) {
  Table table;
  table.columns = {{"method", false}, {"data", false}, {"one training, s"}, {"training for all ratios, s"},
                   {"selection, s"},  {"writing, s"},  {"peak memory"}};
  for (const Method& method : comparison.methods) {
    std::map<std::optional<std::int64_t>, double> of_seed;
    Cell all;
    for (const Cell& cell : method.cells) all.seeds.insert(all.seeds.end(), cell.seeds.begin(), cell.seeds.end());
    const Value training = [](const Record& record) {
      const auto seconds = record.number("/seconds/training");
      return seconds && *seconds > 0.0 ? seconds : std::nullopt;  // 0: an earlier cell did it
    };
    for (const Record* record : all.seeds) {
      if (const auto seconds = training(*record)) of_seed[record->seed()] += *seconds;
    }
    std::vector<double> totals;
    totals.reserve(of_seed.size());
    for (const auto& [seed, seconds] : of_seed) totals.push_back(seconds);
    const auto total = spread_of(std::move(totals));
    std::vector<TableEntry> row{{method.label, {}},
                                {method.data, {}},
                                median_entry(all, training, seconds_text),
                                total ? TableEntry{seconds_text(total->median), total->median} : TableEntry{},
                                median_entry(all, number_value("/seconds/selection"), seconds_text),
                                median_entry(all, number_value("/seconds/apply"), seconds_text),
                                median_entry(all, number_value("/peak_rss_bytes"), megabytes)};
    const bool known = std::any_of(row.begin() + 2, row.end(), [](const TableEntry& entry) { return entry.sort; });
    if (known) table.rows.push_back(std::move(row));
  }
  return without_empty_columns(std::move(table));
}

Table without_empty_columns(Table table) {
  for (std::size_t column = table.columns.size(); column-- > 0;) {
    const bool used =
        std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) { return !row[column].text.empty(); });
    if (used) continue;
    const auto at = static_cast<std::ptrdiff_t>(column);
    table.columns.erase(table.columns.begin() + at);
    for (auto& row : table.rows) row.erase(row.begin() + at);
  }
  return table;
}

}  // namespace prunenet
