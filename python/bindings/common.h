#pragma once

// Every binding file includes this one, so that all see the same conversions between C++ and Python types.
#include <pybind11/eigen.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <pybind11_json/pybind11_json.hpp>

namespace prunenet::python {

namespace py = pybind11;

// One idea a file; each adds its classes and functions to the module.
void bind_errors();
void bind_progress(py::module_& module);
void bind_checkpoint(py::module_& module);
void bind_features(py::module_& module);
void bind_plan(py::module_& module);
void bind_policy(py::module_& module);
void bind_keep_sets(py::module_& module);
void bind_healing(py::module_& module);
void bind_prune(py::module_& module);
void bind_convert(py::module_& module);
void bind_spectral(py::module_& module);
void bind_tokenizer(py::module_& module);
void bind_model(py::module_& module);
void bind_generate(py::module_& module);
void bind_probe(py::module_& module);
void bind_training(py::module_& module);
void bind_refinement(py::module_& module);
void bind_recovery(py::module_& module);
void bind_eval(py::module_& module);
void bind_records(py::module_& module);
void bind_report(py::module_& module);

}  // namespace prunenet::python
