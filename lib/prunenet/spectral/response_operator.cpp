#include "prunenet/spectral/response_operator.h"

#include <algorithm>
#include <utility>

#include "prunenet/spectral/checks.h"
#include "prunenet/spectral/schatten2.h"
#include "prunenet/spectral/spectrum.h"

namespace prunenet {

namespace {

MatrixD apply_metric(const MatrixD& down, const MatrixD& metric) {
  spectral_checks::require_shape(metric, down.rows(), down.rows(), "the metric (d x d)");
  return symmetric_square_root(metric) * down;
}

}  // namespace

ResponseOperator::ResponseOperator(MatrixD down, MatrixD second_moment)
    : down_(std::move(down)), second_moment_(std::move(second_moment)) {
  spectral_checks::require_shape(second_moment_, down_.cols(), down_.cols(), "the second moment of responses (I x I)");
  spectral_checks::require_finite(down_, "down");
  spectral_checks::require_finite(second_moment_, "the second moment of responses");
  spectral_checks::require_symmetric(second_moment_, "the second moment of responses");
  coupling_ = response_coupling(down_, second_moment_);
  total_energy_ = std::max(coupling_.sum(), 0.0);
}

ResponseOperator::ResponseOperator(const MatrixD& down, MatrixD second_moment, const MatrixD& metric)
    : ResponseOperator(apply_metric(down, metric), std::move(second_moment)) {}

ResponseOperator::Kept ResponseOperator::gather(std::span<const std::int64_t> keep_indices) const {
  spectral_checks::require_keep_indices(keep_indices, neurons());
  return {down_(Eigen::all, keep_indices), second_moment_(keep_indices, keep_indices)};
}

VectorD ResponseOperator::spectrum(std::span<const std::int64_t> keep_indices) const {
  const Kept kept = gather(keep_indices);
  const MatrixD projected = kept.down * kept.second_moment;
  const MatrixD gram = projected * kept.down.transpose();
  return singular_values_of_gram(gram, std::min(kept.down.rows(), kept.down.cols()));
}

LeadingSpectrum ResponseOperator::leading_spectrum(std::span<const std::int64_t> keep_indices,
                                                   const LeadingOptions& options) const {
  const Kept kept = gather(keep_indices);
  GramOperator gram;
  gram.side = kept.down.rows();
  gram.apply = [&kept, inner = VectorD(kept.down.cols()), weighted = VectorD(kept.down.cols())](
                   const Eigen::Ref<const VectorD>& x, Eigen::Ref<VectorD> y) mutable {
    inner.noalias() = kept.down.transpose() * x;
    weighted.noalias() = kept.second_moment.selfadjointView<Eigen::Lower>() * inner;
    y.noalias() = kept.down * weighted;
  };
  // tr(D_S H_SS D_S^T) = s^T K s, without the product.
  const MatrixD indicator = MatrixD::Ones(1, neurons()) - removed_indicator(keep_indices, neurons());
  const double trace = removed_energies(indicator)(0);
  return leading_singular_values(gram, trace, std::min(kept.down.rows(), kept.down.cols()), options);
}

VectorD ResponseOperator::removed_energies(const Eigen::Ref<const MatrixD>& removed) const {
  spectral_checks::require_shape(removed, removed.rows(), neurons(), "the indicator of removed neurons (M x I)");
  const MatrixD coupled = removed * coupling_;
  return coupled.cwiseProduct(removed).rowwise().sum().cwiseMax(0.0);
}

}  // namespace prunenet
