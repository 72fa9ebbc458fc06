#pragma once

#include <string>
#include <vector>

#include "prunenet/report/comparison.h"

namespace prunenet {

/// One self-contained HTML page, figures inline, a section a model: quality against ratio, what predicts it, what
/// happens inside the model, what it costs, all cells, failures. Nothing of it refers to another file or address.
/// Throws as `compare_records` and `draw`.
[[nodiscard]] std::string report_html(const std::vector<RecordFile>& files);

/// The table of all cells (and failures) in Markdown, a section a model. Throws as `compare_records`.
[[nodiscard]] std::string report_markdown(const std::vector<RecordFile>& files);

}  // namespace prunenet
