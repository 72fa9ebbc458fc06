#include "prunenet/spectral/weight_operator.h"

#include <algorithm>
#include <utility>

#include "prunenet/spectral/checks.h"
#include "prunenet/spectral/spectrum.h"

namespace prunenet {

WeightOperator::WeightOperator(MatrixD rows) : rows_(std::move(rows)) {
  spectral_checks::require_finite(rows_, "the weight");
  row_energies_ = rows_.rowwise().squaredNorm();
}

VectorD WeightOperator::spectrum(std::span<const std::int64_t> keep_indices) const {
  spectral_checks::require_keep_indices(keep_indices, neurons());
  return singular_values(rows_(keep_indices, Eigen::all));
}

LeadingSpectrum WeightOperator::leading_spectrum(std::span<const std::int64_t> keep_indices,
                                                 const LeadingOptions& options) const {
  spectral_checks::require_keep_indices(keep_indices, neurons());
  const MatrixD kept = rows_(keep_indices, Eigen::all);
  GramOperator gram;
  gram.side = kept.cols();
  gram.apply = [&kept, inner = VectorD(kept.rows())](const Eigen::Ref<const VectorD>& x,
                                                     Eigen::Ref<VectorD> y) mutable {
    inner.noalias() = kept * x;
    y.noalias() = kept.transpose() * inner;
  };
  return leading_singular_values(gram, kept.squaredNorm(), std::min(kept.rows(), kept.cols()), options);
}

VectorD WeightOperator::removed_energies(const Eigen::Ref<const MatrixD>& removed) const {
  spectral_checks::require_shape(removed, removed.rows(), neurons(), "the indicator of removed neurons (M x I)");
  return removed * row_energies_;
}

}  // namespace prunenet
