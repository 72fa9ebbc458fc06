#include "common.h"
#include "progress.h"
#include "prunenet/model/device.h"
#include "prunenet/refine/refine_policy.h"
#include "resumable.h"

namespace prunenet::python {

namespace {

/// As `prunenet refine` does it.
LoadedPolicy refine(const std::vector<std::filesystem::path>& models, const std::filesystem::path& policy,
                    const std::filesystem::path& out, const nlohmann::json& recipe_fields, bool resume,
                    const std::string& device, const py::object& progress) {
  const RefineOptions recipe = refine_options_from_json(recipe_fields);
  refuse_existing(out);
  RefineFiles files{
      .models = models, .policy = policy, .work_directory = work_directory(out, ".refine", resume), .resume = resume};
  files.load.device = parse_device(device);
  return run_long(progress, [&](PythonProgress& reports) {
    files.log = curve_log(reports);
    Policy refined = refine_policy(recipe, files, reports);
    return save_and_clean(std::move(refined), out, files.work_directory);
  });
}

}  // namespace

void bind_refinement(py::module_& module) {
  module.def("refine", &refine, py::arg("models"), py::arg("policy"), py::arg("out"), py::arg("recipe") = py::dict(),
             py::kw_only(), py::arg("resume") = false, py::arg("device") = "cpu", py::arg("progress") = py::none(),
             "Trains the policy of a file further on what pruning does to whole models, and saves it, as `prunenet "
             "refine` does. `recipe` has the section of a recipe: {'refine': {'learn': 'budget', 'steps': 40}}.");
}

}  // namespace prunenet::python
