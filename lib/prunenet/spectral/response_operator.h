#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/spectral/spectral_operator.h"

namespace prunenet {

/// What a feed-forward block writes, as an operator: A = D H^(1/2), d x I.
///
///   D  d x I  down projection            H  I x I  second moment E[h h^T] of the activations h, y = D h
///   M  d x d  metric on the output       K  I x I  (D^T M D) o H, the coupling of neurons
///
/// With a metric (positive semi-definite; the identity where none is given) A = M^(1/2) D H^(1/2), so that an error of
/// y counts as e^T M e. Keeping S leaves A_S = M^(1/2) D_S H_SS^(1/2), whose singular values are
/// sqrt(eig(M^(1/2) D_S H_SS D_S^T M^(1/2))): a d x d problem, whatever I is. Removing R takes away the energy
/// E||D_R h_R||_M^2 = r^T K r, with r the indicator of R.
class ResponseOperator final : public SpectralOperator {
 public:
  /// Throws Error(kInvalidArgument) for shapes that do not agree, or H or M not symmetric, or M not positive
  /// semi-definite; Error(kNumerical) for NaN or Inf.
  ResponseOperator(MatrixD down, MatrixD second_moment);
  ResponseOperator(const MatrixD& down, MatrixD second_moment, const MatrixD& metric);

  [[nodiscard]] std::int64_t neurons() const override { return down_.cols(); }
  /// Forms D_S H_SS D_S^T (d x d). Cost: |S|^2 d + |S| d^2 multiplications, and an eigenvalue problem of side d.
  [[nodiscard]] VectorD spectrum(std::span<const std::int64_t> keep_indices) const override;
  /// Multiplies by D_S^T, H_SS and D_S in turn. Cost of one product: |S|^2 + 2 |S| d.
  [[nodiscard]] LeadingSpectrum leading_spectrum(std::span<const std::int64_t> keep_indices,
                                                 const LeadingOptions& options) const override;
  [[nodiscard]] VectorD removed_energies(const Eigen::Ref<const MatrixD>& removed) const override;
  [[nodiscard]] double total_energy() const override { return total_energy_; }

  /// K (I x I), positive semi-definite as a Schur product of two such matrices.
  [[nodiscard]] const MatrixD& coupling() const { return coupling_; }

 private:
  /// D_S (d x |S|) and H_SS (|S| x |S|).
  struct Kept {
    MatrixD down;
    MatrixD second_moment;
  };
  [[nodiscard]] Kept gather(std::span<const std::int64_t> keep_indices) const;

  MatrixD down_;           ///< M^(1/2) D
  MatrixD second_moment_;  ///< H
  MatrixD coupling_;       ///< K
  double total_energy_ = 0.0;
};

}  // namespace prunenet
