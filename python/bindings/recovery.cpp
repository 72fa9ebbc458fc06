#include "prunenet/recover/recovery.h"

#include "common.h"
#include "progress.h"
#include "prunenet/model/device.h"
#include "resumable.h"

namespace prunenet::python {

namespace {

/// As `prunenet recover` does it.
nlohmann::json recover(const std::filesystem::path& teacher, const std::filesystem::path& student,
                       const std::filesystem::path& out, const nlohmann::json& recipe_fields,
                       const std::optional<std::filesystem::path>& text,
                       const std::optional<std::filesystem::path>& adapter, const std::optional<double>& time_limit,
                       bool resume, bool force, const std::string& device, const py::object& progress) {
  const RecoverOptions recipe = recover_options_from_json(recipe_fields);
  RecoveryFiles files{.teacher = teacher,
                      .student = student,
                      .text = text.value_or(std::filesystem::path()),
                      .output = out,
                      .force = force,
                      .adapter = adapter.value_or(std::filesystem::path()),
                      .work_directory = work_directory(out, ".recover", resume),
                      .resume = resume};
  if (time_limit) {
    if (!(*time_limit > 0.0)) {
      throw Error(ErrorKind::kInvalidArgument, fmt::format("time_limit {}: must be above 0, in seconds", *time_limit));
    }
    files.time_limit_seconds = *time_limit;
  }
  files.load.device = parse_device(device);
  return run_long(progress, [&](PythonProgress& reports) {
    files.log = curve_log(reports);
    RecoveryReport report = recover_student(recipe, files, reports);
    remove_training_files(files.work_directory);
    return std::move(report.record);
  });
}

}  // namespace

void bind_recovery(py::module_& module) {
  module.def("recover", &recover, py::arg("teacher"), py::arg("student"), py::arg("out"),
             py::arg("recipe") = py::dict(), py::kw_only(), py::arg("text") = py::none(),
             py::arg("adapter") = py::none(), py::arg("time_limit") = py::none(), py::arg("resume") = false,
             py::arg("force") = false, py::arg("device") = "cpu", py::arg("progress") = py::none(),
             "Teaches a pruned model what the dense one says, and writes it, as `prunenet recover` does. `recipe` has "
             "the section of a recipe: {'recover': {'steps': 100}}. `text` is an outside text, `adapter` a directory "
             "for LoRA's factors, `time_limit` in seconds of training. What comes back is the record of what was done "
             "(docs/formats.md).");
}

}  // namespace prunenet::python
