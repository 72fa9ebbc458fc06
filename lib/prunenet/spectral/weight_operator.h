#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/spectral/spectral_operator.h"

namespace prunenet {

/// A plain weight matrix W (I x n), row i belonging to neuron i; A_S = W_S is |S| x n, and its whole spectrum comes
/// from the Gram matrix of its smaller side.
class WeightOperator final : public SpectralOperator {
 public:
  /// Throws Error(kNumerical) for NaN or Inf.
  explicit WeightOperator(MatrixD rows);

  [[nodiscard]] std::int64_t neurons() const override { return rows_.rows(); }
  [[nodiscard]] VectorD spectrum(std::span<const std::int64_t> keep_indices) const override;
  [[nodiscard]] LeadingSpectrum leading_spectrum(std::span<const std::int64_t> keep_indices,
                                                 const LeadingOptions& options) const override;
  [[nodiscard]] VectorD removed_energies(const Eigen::Ref<const MatrixD>& removed) const override;
  [[nodiscard]] double total_energy() const override { return row_energies_.sum(); }

 private:
  MatrixD rows_;
  VectorD row_energies_;  ///< ||w_i||^2
};

}  // namespace prunenet
