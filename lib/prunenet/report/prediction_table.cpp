#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "prunenet/report/axes.h"
#include "prunenet/report/statistics.h"
#include "prunenet/report/tables.h"

namespace prunenet {

namespace {

using nlohmann::json;

std::vector<std::string> kinds_of(const Comparison& comparison) {
  std::vector<std::string> kinds;
  for (const Method& method : comparison.methods) {
    for (const Cell& cell : method.cells) {
      for (const Record* record : cell.seeds) {
        const json distortion = record->part("/layers/distortion");
        if (!distortion.is_object()) continue;
        for (const auto& [kind, ignored] : distortion.items()) {
          if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
        }
      }
    }
  }
  return kinds;
}

/// Mean over layers of the logarithm; nothing where a layer's does not exist.
std::optional<double> mean_log(const Record& record, const std::string& kind) {
  const json distortion = record.part("/layers/distortion");
  if (!distortion.contains(kind) || distortion.at(kind).empty()) return std::nullopt;
  double sum = 0.0;
  for (const json& value : distortion.at(kind)) {
    if (value.get<double>() <= 0.0) return std::nullopt;
    sum += std::log(value.get<double>());
  }
  return sum / static_cast<double>(distortion.at(kind).size());
}

/// Cells that are ranked against each other.
struct Group {
  std::string name;
  std::vector<const Record*> records;
};

/// All cells of one ratio, then the seeds of each method on their own: good and bad methods are told apart by more than
/// their distortion, the draws of one method by little else.
std::vector<Group> groups_at(const Comparison& comparison, double ratio) {
  std::vector<Group> groups{{"all", {}}};
  for (const Method& method : comparison.methods) {
    const Cell* cell = method.at(ratio);
    if (cell == nullptr) continue;
    groups.front().records.insert(groups.front().records.end(), cell->seeds.begin(), cell->seeds.end());
    groups.push_back({method.label, cell->seeds});
  }
  return groups;
}

TableEntry correlation_entry(const Group& group, const std::string& text, const std::string& kind) {
  std::vector<double> distortions;
  std::vector<double> losses;
  for (const Record* record : group.records) {
    const auto distortion = mean_log(*record, kind);
    const auto loss = loss_of(*record, text);
    if (!distortion || !loss) continue;
    distortions.push_back(*distortion);
    losses.push_back(*loss);
  }
  if (distortions.size() < kFewestCells) return {};
  const auto correlation = rank_correlation(distortions, losses);
  if (!correlation) return {};
  return {fmt::format("{:.2f} ({})", *correlation, distortions.size()), correlation};
}

}  // namespace

Table prediction_table(const Comparison& comparison) {
  const std::vector<std::string> kinds = kinds_of(comparison);
  Table table;
  table.columns = {{"removed"}, {"text", false}, {"cells of", false}};
  for (const std::string& kind : kinds) table.columns.push_back({kind});
  for (const double ratio : ratios_of(comparison)) {
    for (const std::string& text : comparison.texts) {
      for (const Group& group : groups_at(comparison, ratio)) {
        std::vector<TableEntry> row{{fmt::format("{:g} %", 100.0 * ratio), ratio}, {text, {}}, {group.name, {}}};
        for (const std::string& kind : kinds) row.push_back(correlation_entry(group, text, kind));
        const bool known =
            std::any_of(row.begin() + 3, row.end(), [](const TableEntry& entry) { return entry.sort.has_value(); });
        if (known) table.rows.push_back(std::move(row));
      }
    }
  }
  return without_empty_columns(std::move(table));
}

}  // namespace prunenet
