#include "common.h"
#include "loaded_model.h"
#include "progress.h"
#include "prunenet/eval/eval_json.h"
#include "prunenet/eval/multiple_choice.h"
#include "prunenet/eval/perplexity.h"

namespace prunenet::python {

namespace {

nlohmann::json perplexity(const LoadedModel& loaded, const Tokenizer& tokenizer, const std::filesystem::path& file,
                          std::int64_t context, std::int64_t windows, const py::object& progress) {
  const PerplexityOptions options{.context = context, .windows = windows};
  return run_long(progress, [&](Progress& reports) {
    const torch::NoGradGuard no_grad;
    return to_json(evaluate_perplexity(loaded.model, tokenizer, file, options, reports));
  });
}

nlohmann::json multiple_choice(const LoadedModel& loaded, const Tokenizer& tokenizer, const std::filesystem::path& file,
                               std::int64_t limit, const py::object& progress) {
  return run_long(progress, [&](Progress& reports) {
    const torch::NoGradGuard no_grad;
    return to_json(evaluate_multiple_choice(loaded.model, tokenizer, file, limit, reports));
  });
}

}  // namespace

void bind_eval(py::module_& module) {
  const PerplexityOptions defaults;
  module.def(
      "perplexity", &perplexity, py::arg("model"), py::arg("tokenizer"), py::arg("file"), py::kw_only(),
      py::arg("context") = defaults.context, py::arg("windows") = defaults.windows, py::arg("progress") = py::none(),
      "Of a text file; the first `windows` windows, 0: all. An entry of 'perplexity' in `prunenet eval --json`.");
  module.def(
      "multiple_choice", &multiple_choice, py::arg("model"), py::arg("tokenizer"), py::arg("file"), py::kw_only(),
      py::arg("limit") = 0, py::arg("progress") = py::none(),
      "Accuracy on a task file; the first `limit` items, 0: all. An entry of 'tasks' in `prunenet eval --json`.");
}

}  // namespace prunenet::python
