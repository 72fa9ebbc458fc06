#include <fmt/format.h>

#include "prunenet/report/html.h"
#include "prunenet/report/report.h"
#include "prunenet/report/tables.h"

namespace prunenet {

namespace {

/// Markdown takes HTML for what it is, and a bar for the end of a cell; quotes mean nothing outside tags.
std::string escape_markdown(const std::string& text) {
  const std::string escaped = replace_all(replace_all(escape_html(text), "&quot;", "\""), "&#39;", "'");
  return replace_all(escaped, "|", "\\|");
}

std::string render(const Table& table) {
  std::string heading = "|";
  std::string rule = "|";
  for (const TableColumn& column : table.columns) {
    heading += fmt::format(" {} |", escape_markdown(column.heading));
    rule += column.numbers ? "---:|" : "---|";
  }
  std::string text = heading + "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (const TableEntry& entry : row) text += fmt::format(" {} |", escape_markdown(entry.text));
    text += "\n";
  }
  return text;
}

}  // namespace

std::string report_markdown(const std::vector<RecordFile>& files) {
  std::string text;
  for (const Comparison& comparison : compare_records(files)) {
    text += fmt::format("{}## {}\n\n", text.empty() ? "" : "\n", escape_markdown(comparison.model));
    if (const Table table = cell_table(comparison); !table.empty()) text += render(table);
    if (!comparison.failed.empty()) text += "\nFailed:\n\n";
    for (const Record* record : comparison.failed) {
      text += fmt::format("- {} at {:g} %: {}\n", escape_markdown(record->label()), 100.0 * record->ratio(),
                          escape_markdown(record->error()));
    }
  }
  return text;
}

}  // namespace prunenet
