#pragma once

#include "prunenet/core/matrix.h"

namespace prunenet {

/// R (d x d) with R^T R = M, of a metric M on a block's output (positive semi-definite, d x d). Any such R will do for
/// M^(1/2): with R D in place of D, couplings and the spectra of responses are those in the metric M. By a Cholesky
/// decomposition with pivoting, LAPACK's dpstrf (N. Higham, "Analysis of the Cholesky decomposition of a semi-definite
/// matrix", 1990), which takes a small part of the time of an eigensolver. It ends where no pivot is above 1e-6 of M's
/// largest diagonal entry m, as gradients in single precision tell no more: R^T R is off by at most 1e-6 d m.
///
/// Throws Error(kInvalidArgument) where M is not square, not symmetric or, as far as pivots show it, not positive
/// semi-definite; Error(kNumerical) at NaN or Inf.
[[nodiscard]] MatrixD metric_factor(const MatrixF& metric);

}  // namespace prunenet
