#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// Exact whole spectra, from the Gram matrix of the smaller side and a symmetric eigensolver.
///
/// That is several times faster than an SVD, and loses what squaring loses: values below about 1e-8 of the largest one
/// are noise (clamped at 0, never negative or NaN). Both throw Error(kNumerical) where the input holds NaN or Inf, or
/// the eigensolver does not converge.

/// Singular values of `matrix` (m x n), descending: min(m, n) of them.
[[nodiscard]] VectorD singular_values(const Eigen::Ref<const MatrixD>& matrix);

/// Square roots of the `count` largest eigenvalues of a symmetric positive semi-definite `gram` (n x n), descending;
/// count in [0, n], else Error(kInvalidArgument). Only the lower triangle is read.
[[nodiscard]] VectorD singular_values_of_gram(const Eigen::Ref<const MatrixD>& gram, std::int64_t count);

/// Gram matrix of the smaller side of `matrix` (m x n): min(m, n) square, lower triangle and its mirror.
[[nodiscard]] MatrixD gram_of_smaller_side(const Eigen::Ref<const MatrixD>& matrix);

/// Symmetric square root of a symmetric positive semi-definite matrix (n x n), eigenvalues clamped at 0.
/// Throws Error(kInvalidArgument) where it is not square, not symmetric, or has an eigenvalue below -1e-6 of the
/// largest.
[[nodiscard]] MatrixD symmetric_square_root(const Eigen::Ref<const MatrixD>& matrix);

}  // namespace prunenet
