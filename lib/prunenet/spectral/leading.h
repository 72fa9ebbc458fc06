#pragma once

#include <cstdint>
#include <functional>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// Leading singular values of an operator that is only ever multiplied with, by Spectra's implicitly restarted Lanczos
/// (Spectra::SymEigsSolver; R. Lehoucq, D. Sorensen, C. Yang, "ARPACK Users' Guide", 1998), and what is left from the
/// trace. For operators whose whole spectrum is too dear.

struct LeadingOptions {
  std::int64_t count = 32;            ///< k, singular values wanted; at most what `leading_singular_values` says
  std::int64_t basis = 0;             ///< ncv, Lanczos vectors, in (k, n]; 0 takes min(n, max(2 k + 1, 20))
  std::int64_t max_iterations = 300;  ///< restarts
  double tolerance = 1e-10;           ///< relative residual of an eigenpair of the Gram operator
};

/// An iterative solver's outcome is a value to be read, not an exception.
enum class SolveStatus { kConverged, kNotConverged };

struct LeadingSpectrum {
  VectorD leading;            ///< descending; fewer than asked where `status` is kNotConverged
  double tail_energy = 0.0;   ///< sum of the squares of all other singular values: trace - sum leading^2, clamped at 0
  std::int64_t size = 0;      ///< how many singular values the operator has in all
  std::int64_t products = 0;  ///< how often the operator was applied
  SolveStatus status = SolveStatus::kConverged;
};

/// A symmetric positive semi-definite operator A A^T (n x n) by its action, y = A A^T x.
struct GramOperator {
  std::int64_t side = 0;  ///< n
  std::function<void(const Eigen::Ref<const VectorD>& x, Eigen::Ref<VectorD> y)> apply;
};

/// Leading singular values of A. `size` is the number that A has, min of its sides, at most n; `trace` is that of
/// A A^T. Spectra cannot return a whole spectrum, so min(count, size, n - 1) values are computed (and the single one of
/// an A of size 1, from the trace). Deterministic.
///
/// Throws Error(kInvalidArgument) for count < 1, a basis outside its range, max_iterations < 1, tolerance <= 0, or a
/// size outside [0, n]; Error(kNumerical) for a trace that is negative or not finite.
[[nodiscard]] LeadingSpectrum leading_singular_values(const GramOperator& gram, double trace, std::int64_t size,
                                                      const LeadingOptions& options);

}  // namespace prunenet
