#pragma once

#include <optional>
#include <string>
#include <vector>

#include "prunenet/report/comparison.h"

namespace prunenet {

struct TableEntry {
  std::string text;            ///< plain; empty: not known
  std::optional<double> sort;  ///< what it is sorted by; by its text without one
};

struct TableColumn {
  std::string heading;
  bool numbers = true;
};

struct Table {
  std::vector<TableColumn> columns;
  std::vector<std::vector<TableEntry>> rows;  ///< each as long as `columns`

  [[nodiscard]] bool empty() const { return rows.empty(); }
};

/// Every method at every ratio, below the dense model: what it used, size, perplexities (median, smallest and largest
/// of the seeds), accuracies, retention, seconds, memory. Columns that no record fills are left out.
[[nodiscard]] Table cell_table(const Comparison& comparison);

/// What every method costs: one training, the trainings that all its ratios need, and medians over its cells of the
/// other work. Only methods that say something of it.
[[nodiscard]] Table cost_table(const Comparison& comparison);

/// What predicts quality: for each ratio and text the rank correlation between a distortion (the mean over layers of
/// its logarithm) and the loss a token, over all cells and over the seeds of each method. An entry needs `kFewestCells`
/// cells; cells with an undistorted layer, where the logarithm does not exist, are left out.
inline constexpr std::size_t kFewestCells = 4;
[[nodiscard]] Table prediction_table(const Comparison& comparison);

/// Without the columns that have no text in any row.
[[nodiscard]] Table without_empty_columns(Table table);

}  // namespace prunenet
