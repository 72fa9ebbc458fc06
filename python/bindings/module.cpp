#include "common.h"
#include "prunenet/core/version.h"
#include "prunenet/model/runtime.h"

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the macro has one
PYBIND11_MODULE(_native, module) {
  namespace python = prunenet::python;
  module.doc() = "libprunenet; import it as `prunenet`.";
  python::bind_errors();
  python::bind_progress(module);
  python::bind_checkpoint(module);
  python::bind_features(module);
  python::bind_plan(module);
  python::bind_policy(module);
  python::bind_keep_sets(module);
  python::bind_healing(module);
  python::bind_prune(module);
  python::bind_convert(module);
  python::bind_spectral(module);
  python::bind_tokenizer(module);
  python::bind_model(module);
  python::bind_generate(module);
  python::bind_probe(module);
  python::bind_training(module);
  python::bind_refinement(module);
  python::bind_recovery(module);
  python::bind_eval(module);
  python::bind_records(module);
  python::bind_report(module);
  module.attr("__version__") = std::string(prunenet::version());
  module.def("set_threads", &prunenet::set_threads, python::py::arg("threads"),
             "Threads of matrix products and of the model's kernels, for this process.");
}
