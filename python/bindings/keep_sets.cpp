#include "common.h"
#include "prunenet/core/rng.h"
#include "prunenet/policy/keep_set.h"
#include "tensors.h"

namespace prunenet::python {

namespace {

py::array draw_rankings(const std::vector<float>& scores, std::int64_t samples, Rng& rng) {
  return to_array<std::int64_t>(sample_rankings(scores, samples, rng).rankings);
}

}  // namespace

void bind_keep_sets(py::module_& module) {
  py::class_<Rng>(module, "Rng", "Seeded random numbers; streams of one seed are independent.")
      .def(py::init<std::uint64_t, std::uint64_t>(), py::arg("seed"), py::arg("stream") = 0)
      .def("uniform", &Rng::uniform, "In [0, 1).")
      .def("normal", &Rng::normal);
  module.def("sample_rankings", &draw_rankings, py::arg("scores"), py::arg("samples"), py::arg("rng"),
             "Draws without replacement in proportion to exp(score): int64 [samples, I], neurons from first to last "
             "drawn. The first k of a row are a keep-set, for every k.");
}

}  // namespace prunenet::python
