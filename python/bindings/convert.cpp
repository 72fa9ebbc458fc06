#include "common.h"
#include "progress.h"
#include "prunenet/convert/export_model.h"
#include "prunenet/convert/import_model.h"
#include "prunenet/family/gguf_export.h"
#include "prunenet/prune/prunable.h"

namespace prunenet::python {

namespace {

std::shared_ptr<Prunable> import_to(const std::filesystem::path& source, const std::filesystem::path& output,
                                    const std::string& dtype, bool force, const py::object& progress) {
  const ImportOptions options{.dtype = parse_import_dtype(dtype), .force = force};
  return run_long(progress, [&](Progress& reports) {
    import_model(source, output, options, reports);
    return std::make_shared<Prunable>(output);
  });
}

nlohmann::json export_to(const std::filesystem::path& model, const std::filesystem::path& file,
                         const std::optional<std::string>& type, const std::string& pre, bool force,
                         const py::object& progress) {
  ExportOptions options{.pre = pre, .force = force};
  if (type) options.type = parse_gguf_type(*type);
  const ExportReport report =
      run_long(progress, [&](Progress& reports) { return export_model(model, file, options, reports); });
  return {{"architecture", report.architecture}, {"type", gguf_block(report.type).name}, {"losses", report.losses}};
}

}  // namespace

void bind_convert(py::module_& module) {
  module.def(
      "import_model", &import_to, py::arg("source"), py::arg("output"), py::kw_only(), py::arg("dtype") = "float32",
      py::arg("force") = false, py::arg("progress") = py::none(),
      "A model directory of a GGUF file, dequantised to 'float32', 'bfloat16' or 'float16', or a checked copy of "
      "one; opened.");
  module.def("export_gguf", &export_to, py::arg("model"), py::arg("file"), py::kw_only(), py::arg("type") = py::none(),
             py::arg("pre") = "", py::arg("force") = false, py::arg("progress") = py::none(),
             "Writes a model, tokenizer included, as a GGUF file. `type` of matrices: 'f32', 'f16', 'bf16', 'q8_0', "
             "'q5_1', 'q5_0', 'q4_1' or 'q4_0'; None: what the model has. `pre` names the pre-tokenizer where it is "
             "not recognised. Of the dict that comes back, 'losses' are what readers of the file leave out.");
}

}  // namespace prunenet::python
