#include "common.h"

#include "arrays.h"
#include "progress.h"
#include "prunenet/family/family.h"
#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/distortion_problem.h"
#include "prunenet/spectral/metric.h"
#include "prunenet/spectral/response_operator.h"
#include "prunenet/spectral/schatten2.h"
#include "prunenet/spectral/spectral_operator.h"
#include "prunenet/spectral/spectrum.h"

namespace prunenet::python {

namespace {

using Indices = std::vector<std::int64_t>;

std::shared_ptr<ResponseOperator> response_operator(MatrixD down, MatrixD second_moment,
                                                    const std::optional<MatrixD>& metric) {
  return without_lock([&] {
    return metric ? std::make_shared<ResponseOperator>(down, std::move(second_moment), *metric)
                  : std::make_shared<ResponseOperator>(std::move(down), std::move(second_moment));
  });
}

std::shared_ptr<SpectralOperator> weight_operator(const std::string& kind, const FfnWeights& weights) {
  return without_lock([&] {
    return std::shared_ptr<SpectralOperator>(
        make_weight_operator(parse_operator_kind(kind), weights.gate, weights.up, weights.down));
  });
}

void bind_operators(py::module_& module) {
  py::class_<LeadingSpectrum>(module, "LeadingSpectrum", "Leading singular values, and the energy of the others.")
      .def_property_readonly("leading", [](const LeadingSpectrum& spectrum) { return spectrum.leading; })
      .def_readonly("tail_energy", &LeadingSpectrum::tail_energy)
      .def_readonly("size", &LeadingSpectrum::size, "How many singular values there are in all.")
      .def_property_readonly(
          "converged", [](const LeadingSpectrum& spectrum) { return spectrum.status == SolveStatus::kConverged; });

  py::class_<SpectralOperator, std::shared_ptr<SpectralOperator>>(
      module, "SpectralOperator", "A matrix A made of one piece a neuron, and what is left of it when only some stay.")
      .def_property_readonly("neurons", &SpectralOperator::neurons)
      .def_property_readonly("total_energy", &SpectralOperator::total_energy, "||A||_F^2")
      .def(
          "spectrum",
          [](const SpectralOperator& self, const std::optional<Indices>& keep) {
            return without_lock([&] { return self.spectrum(keep ? *keep : all_neurons(self.neurons())); });
          },
          py::arg("keep_indices") = py::none(), "Singular values of A_S, descending; of A where nothing is given.")
      .def(
          "leading_spectrum",
          [](const SpectralOperator& self, const std::optional<Indices>& keep, std::int64_t count) {
            const LeadingOptions options{.count = count};
            return without_lock(
                [&] { return self.leading_spectrum(keep ? *keep : all_neurons(self.neurons()), options); });
          },
          py::arg("keep_indices") = py::none(), py::arg("count") = LeadingOptions{}.count,
          "The largest `count` of them, by Lanczos on an operator that is never formed.")
      .def(
          "removed_energies",
          [](const SpectralOperator& self, const MatrixD& removed) {
            return without_lock([&] { return self.removed_energies(removed); });
          },
          py::arg("removed"), "||A - A_S||_F^2 for each row of 0/1 indicators of removed neurons, M x I.");

  py::class_<ResponseOperator, SpectralOperator, std::shared_ptr<ResponseOperator>>(
      module, "ResponseOperator",
      "A = M^(1/2) D H^(1/2): what a block writes, of its down projection D (d x I), the second moment H (I x I) of "
      "its responses, and a metric M (d x d) on the output, the identity where none is given.")
      .def(py::init(&response_operator), py::arg("down"), py::arg("second_moment"), py::arg("metric") = py::none())
      .def_property_readonly(
          "coupling",
          [](const py::object& self) { return view(self.cast<const ResponseOperator&>().coupling(), self); },
          "K = (D^T M D) * H elementwise, I x I: removing neurons of indicator r takes the energy r^T K r.");

  module.def("weight_operator", &weight_operator, py::arg("kind"), py::arg("weights"),
             "Of plain weights, one row a neuron: 'gate', 'up', 'down' or 'joint'.");
}

void bind_distortions(py::module_& module) {
  py::class_<DistortionProblem>(module, "DistortionProblem",
                                "How far is an operator from itself when only some neurons stay?")
      .def(py::init([](const std::shared_ptr<SpectralOperator>& subject, const std::string& distortion) {
             return without_lock([&] { return DistortionProblem(subject, parse_distortion(distortion)); });
           }),
           py::arg("operator"), py::arg("distortion"), "'ks', 'mirsky', 'nuclear' or 'schatten2' (docs/method.md).")
      .def_property_readonly("neurons", &DistortionProblem::neurons)
      .def_property_readonly(
          "dense_spectrum", [](const DistortionProblem& problem) { return problem.dense_spectrum(); },
          "Empty of 'schatten2', which needs none.")
      .def(
          "__call__",
          [](const DistortionProblem& problem, const Indices& keep) {
            return without_lock([&] { return problem.distortion(keep); });
          },
          py::arg("keep_indices"));

  py::class_<Schatten2>(module, "Schatten2", "The 'schatten2' distortion of many keep-sets at once: r^T K r / 1^T K 1.")
      .def(py::init([](MatrixF coupling) {
             return without_lock([&] { return Schatten2::from_coupling(std::move(coupling)); });
           }),
           py::arg("coupling"), "K, I x I.")
      .def_property_readonly("neurons", &Schatten2::neurons)
      .def(
          "__call__",
          [](const Schatten2& self, const MatrixF& removed) { return without_lock([&] { return self(removed); }); },
          py::arg("removed"), "One distortion for each row of 0/1 indicators of removed neurons, M x I.");

  module.def("ks_statistic", &ks_statistic, py::arg("a"), py::arg("b"), "Of two sets of singular values.");
  module.def("mirsky_distortion", &mirsky_distortion, py::arg("dense"), py::arg("pruned"), "Of descending spectra.");
  module.def("nuclear_distortion", &nuclear_distortion, py::arg("dense"), py::arg("pruned"), "Of descending spectra.");
}

}  // namespace

void bind_spectral(py::module_& module) {
  bind_operators(module);
  bind_distortions(module);
  module.def(
      "singular_values", [](const MatrixD& matrix) { return without_lock([&] { return singular_values(matrix); }); },
      py::arg("matrix"), "All of them, descending.");
  module.def(
      "symmetric_square_root",
      [](const MatrixD& matrix) { return without_lock([&] { return symmetric_square_root(matrix); }); },
      py::arg("matrix"));
  module.def(
      "response_coupling",
      [](const MatrixD& down, const MatrixD& moment) {
        return without_lock([&] { return response_coupling(down, moment); });
      },
      py::arg("down"), py::arg("second_moment"), "K = (D^T D) * H elementwise, I x I.");
  module.def(
      "metric_factor", [](const MatrixF& metric) { return without_lock([&] { return metric_factor(metric); }); },
      py::arg("metric"), "R with R^T R = M: with R D in place of D, couplings and spectra are those in the metric M.");
}

}  // namespace prunenet::python
