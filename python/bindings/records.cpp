#include "common.h"
#include "progress.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/compare/compare.h"
#include "prunenet/core/file.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/prune/gguf_pruned_layout.h"
#include "prunenet/prune/model_files.h"
#include "prunenet/prune/record.h"
#include "prunenet/report/record.h"

namespace prunenet::python {

namespace {

nlohmann::json read_prune_record(const std::filesystem::path& model) {
  const bool gguf = is_gguf_path(model);
  const std::string text = gguf ? GgufFile::open(model).text(kGgufRecordKey) : read_text_file(model / kRecordFile);
  const std::string where = gguf ? model.string() : (model / kRecordFile).string();
  static_cast<void>(parse_record(text, where));  // refuses a record that is not whole
  return parse_json_object(text, where);
}

nlohmann::json compare(const nlohmann::json& recipe_fields, const std::filesystem::path& model,
                       const std::filesystem::path& output, bool retry_failed, const py::object& progress) {
  const ComparisonRecipe recipe = comparison_recipe_from_json(recipe_fields);
  ComparisonFiles files{.model = model, .output = output, .command_line = ""};
  files.retry_failed = retry_failed;
  const ComparisonSummary summary =
      run_long(progress, [&](Progress& reports) { return run_comparison(recipe, files, reports); });
  return {{"done", summary.done}, {"reused", summary.reused}, {"failed", summary.failed}};
}

}  // namespace

void bind_records(py::module_& module) {
  module.def("read_prune_record", &read_prune_record, py::arg("model"),
             "What a pruned model says of how it was made: prunenet.json of a directory, or the metadata of a GGUF "
             "file; checked.");
  module.def(
      "read_record", [](const std::filesystem::path& path) { return read_record(path).json; }, py::arg("path"),
      "One cell of a comparison (docs/formats.md, \"Record\"); checked.");
  module.def(
      "write_record",
      [](const std::filesystem::path& path, nlohmann::json record) {
        write_record(path, record_from_json(std::move(record), path.string()));
      },
      py::arg("path"), py::arg("record"), "Checks it, then writes it complete or not at all.");
  module.def("compare", &compare, py::arg("recipe"), py::arg("model"), py::arg("output"), py::kw_only(),
             py::arg("retry_failed") = false, py::arg("progress") = py::none(),
             "Every method at every ratio with every seed, a record each in the directory `output`, as `prunenet "
             "compare` does; how many cells were measured, were there, and failed.");
}

}  // namespace prunenet::python
