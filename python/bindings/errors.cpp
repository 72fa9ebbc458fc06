#include "common.h"
#include "prunenet/core/error.h"

namespace prunenet::python {

namespace {

/// prunenet::Error becomes prunenet.Error with its kind; everything else is left to pybind11 (MemoryError, ...).
void translate(std::exception_ptr thrown) {  // NOLINT(performance-unnecessary-value-param): pybind11's signature
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const Error& error) {
    const py::object type = py::module_::import("prunenet._error").attr("Error");
    const py::object raised = type(error.what(), py::str(std::string(to_string(error.kind()))));
    PyErr_SetObject(type.ptr(), raised.ptr());
  }
}

}  // namespace

void bind_errors() {
  py::register_exception_translator(&translate);
}

}  // namespace prunenet::python
