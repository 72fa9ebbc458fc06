#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// A symmetric tridiagonal matrix (n x n) in single precision: half way to the eigenvalues of a symmetric matrix, and
/// as far as one must go to count those above a threshold.
struct Tridiagonal {
  VectorF diagonal;  ///< n
  VectorF beside;    ///< n - 1, below the diagonal and above it
};

/// One with the same eigenvalues as `symmetric` (n x n, of which the lower triangle is read), by Householder
/// reflections, a panel of columns at a time: LAPACK's ssytrd, over `symmetric_product`. Throws Error(kInvalidArgument)
/// where it is not square, Error(kNumerical) at NaN or Inf.
[[nodiscard]] Tridiagonal tridiagonalise(const Eigen::MatrixXf& symmetric);

/// Eigenvalues, ascending: LAPACK's ssterf. Throws Error(kNumerical) where it does not converge.
[[nodiscard]] VectorF eigenvalues(Tridiagonal matrix);

/// For every threshold, how many eigenvalues are below it: the negative pivots of the LDL^T decomposition of
/// T - threshold (Sylvester's law of inertia; B. Parlett, "The Symmetric Eigenvalue Problem", 1980, section 3.3). n
/// divisions a threshold, many thresholds at once.
[[nodiscard]] std::vector<std::int64_t> count_below(const Tridiagonal& matrix, const VectorF& thresholds);

}  // namespace prunenet
