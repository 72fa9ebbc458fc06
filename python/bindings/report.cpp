#include "prunenet/report/report.h"

#include "common.h"
#include "progress.h"

namespace prunenet::python {

namespace {

using Paths = std::vector<std::filesystem::path>;

/// One of the two forms of a report.
auto report_as(std::string (*render)(const std::vector<RecordFile>&)) {
  return [render](const Paths& records) { return without_lock([&] { return render(read_records(records)); }); };
}

}  // namespace

void bind_report(py::module_& module) {
  module.def("report_html", report_as(&report_html), py::arg("records"),
             "Records of a comparison, files or directories of them, as one HTML page that needs nothing else, with "
             "figures by gnuplot: what `prunenet report` writes.");
  module.def("report_markdown", report_as(&report_markdown), py::arg("records"), "The table of all cells in Markdown.");
}

}  // namespace prunenet::python
