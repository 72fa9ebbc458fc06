#include "prunenet/spectral/schatten2.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/spectral/checks.h"

namespace prunenet {

namespace {

template <typename Matrix>
Matrix coupling_of(const Matrix& down, const Matrix& second_moment) {
  spectral_checks::require_shape(second_moment, down.cols(), down.cols(), "the second moment of responses (I x I)");
  Matrix coupling = Matrix::Zero(down.cols(), down.cols());
  if (coupling.size() == 0) return coupling;
  coupling.template selfadjointView<Eigen::Lower>().rankUpdate(down.transpose());
  coupling.template triangularView<Eigen::StrictlyUpper>() = coupling.transpose();
  coupling.array() *= second_moment.array();
  return coupling;
}

/// One neuron of [0, neurons) for each of the `samples`.
void require_partners(std::span<const std::int64_t> partners, Eigen::Index samples, Eigen::Index neurons,
                      std::string_view name) {
  const bool inside = std::all_of(partners.begin(), partners.end(),
                                  [neurons](std::int64_t partner) { return partner >= 0 && partner < neurons; });
  if (inside && static_cast<Eigen::Index>(partners.size()) == samples) return;
  throw Error(ErrorKind::kInvalidArgument, fmt::format("{}: {} partners of [0, {}) are needed, not [{}]", name, samples,
                                                       neurons, fmt::join(partners, ", ")));
}

/// K r for indicators r, a row each: the rows of K that r removes, added up, so that K is read once and only in part. A
/// matrix product with as few rows as there are samples copies all of K before it starts.
MatrixF coupling_times(const MatrixF& coupling, const Eigen::Ref<const MatrixF>& removed) {
  MatrixF sums = MatrixF::Zero(removed.rows(), coupling.cols());
  for (Eigen::Index i = 0; i < coupling.rows(); ++i) {
    for (Eigen::Index m = 0; m < removed.rows(); ++m) {
      if (removed(m, i) > 0.0F) sums.row(m) += coupling.row(i);
    }
  }
  return sums;
}

}  // namespace

MatrixD response_coupling(const MatrixD& down, const MatrixD& second_moment) {
  return coupling_of(down, second_moment);
}
MatrixF response_coupling(const MatrixF& down, const MatrixF& second_moment) {
  return coupling_of(down, second_moment);
}

Schatten2::Schatten2(Form form, VectorD diagonal) : form_(std::move(form)), diagonal_(std::move(diagonal)) {
  total_energy_ = energies(MatrixF::Ones(1, neurons()))(0);
  if (total_energy_ > 0.0) return;
  throw Error(ErrorKind::kNumerical,
              fmt::format("the response of {} neurons has no energy ({}); there is nothing to distort", neurons(),
                          total_energy_));
}

Schatten2 Schatten2::from_coupling(MatrixF coupling) {
  spectral_checks::require_shape(coupling, coupling.rows(), coupling.rows(), "the coupling (I x I)");
  spectral_checks::require_finite(coupling, "the coupling");
  VectorD diagonal = coupling.diagonal().cast<double>();
  return {Exact{std::move(coupling)}, std::move(diagonal)};
}

Schatten2 Schatten2::from_packed(PackedMatrix coupling) {
  VectorD diagonal = coupling.diagonal().cast<double>();
  return {std::move(coupling), std::move(diagonal)};
}

VectorD Schatten2::energies(const Eigen::Ref<const MatrixF>& removed) const {
  // Products in single precision, sums of them in double: the sums are where the digits would go.
  if (const auto* packed = std::get_if<PackedMatrix>(&form_)) return packed->energies(removed).cwiseMax(0.0);
  return coupled(removed).cast<double>().cwiseProduct(removed.cast<double>()).rowwise().sum().cwiseMax(0.0);
}

MatrixF Schatten2::coupled(const Eigen::Ref<const MatrixF>& removed) const {
  if (const auto* packed = std::get_if<PackedMatrix>(&form_)) return packed->multiply(removed);
  return coupling_times(std::get<Exact>(form_).coupling, removed);
}

VectorD Schatten2::operator()(const Eigen::Ref<const MatrixF>& removed) const {
  spectral_checks::require_shape(removed, removed.rows(), neurons(), "the indicator of removed neurons (M x I)");
  return energies(removed) / total_energy_;
}

VectorD Schatten2::coupling_row(Eigen::Index neuron) const {
  if (const auto* packed = std::get_if<PackedMatrix>(&form_)) return packed->row(neuron).cast<double>();
  return std::get<Exact>(form_).coupling.row(neuron).transpose().cast<double>();
}

MatrixD Schatten2::log_swapped(const Eigen::Ref<const MatrixF>& removed, std::span<const std::int64_t> swap_in,
                               std::span<const std::int64_t> swap_out) const {
  spectral_checks::require_shape(removed, removed.rows(), neurons(), "the indicator of removed neurons (M x I)");
  require_partners(swap_in, removed.rows(), neurons(), "swap_in");
  require_partners(swap_out, removed.rows(), neurons(), "swap_out");
  const MatrixF products = coupled(removed);  // q = K r a row
  MatrixD logarithms(removed.rows(), neurons());
  for (Eigen::Index m = 0; m < removed.rows(); ++m) {
    const auto in = static_cast<Eigen::Index>(swap_in[static_cast<std::size_t>(m)]);
    const auto out = static_cast<Eigen::Index>(swap_out[static_cast<std::size_t>(m)]);
    const VectorD q = products.row(m).transpose().cast<double>();
    const double energy = q.dot(removed.row(m).transpose().cast<double>());
    const VectorD row_in = coupling_row(in);
    const VectorD row_out = coupling_row(out);
    for (Eigen::Index i = 0; i < neurons(); ++i) {
      const double swapped = removed(m, i) > 0.0F
                                 ? energy - 2.0 * (q(i) - q(out)) + diagonal_(i) + diagonal_(out) - 2.0 * row_out(i)
                                 : energy + 2.0 * (q(i) - q(in)) + diagonal_(i) + diagonal_(in) - 2.0 * row_in(i);
      // Rounding can leave a tiny or negative energy where almost nothing is removed.
      logarithms(m, i) = std::log(std::max(swapped / total_energy_, 1e-12));
    }
  }
  return logarithms;
}

}  // namespace prunenet
