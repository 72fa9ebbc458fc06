#pragma once

#include <cstdint>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// Leading `count` eigenvectors of a symmetric positive semi-definite matrix (d x d, its lower triangle) as columns, by
/// decreasing eigenvalue, each turned to the side of `orientation` (eigenvectors have no sign of their own). Columns
/// beyond d - 1 are zero, so that the number of features does not depend on d; so are all columns of a zero matrix. By
/// Spectra, in double. Deterministic. Throws Error(kNumerical) for NaN or Inf, or where the iteration does not
/// converge.
[[nodiscard]] MatrixD leading_eigenvectors(const MatrixD& matrix, std::int64_t count, const VectorD& orientation);

}  // namespace prunenet
