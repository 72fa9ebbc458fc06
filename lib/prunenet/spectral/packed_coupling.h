#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/spectral/packed_matrix.h"

namespace prunenet {

/// The coupling K = (D^T D) o H (I x I) of a block in a byte for each pair of neurons, strip by strip: K never exists
/// in floats. down d x I, second_moment I x I. For a metric M, pass M^(1/2) D.
///
/// From a packed H an entry is off by at most sqrt(K_ii K_jj) (e + sqrt(|c| + e) / 127 + 1 / 254^2), c being K_ij over
/// that root and e = sqrt|c| / 127 + 1 / 254^2: what H was off by, which the cosines of D's columns only make less, and
/// what packing adds once more.
///
/// Throws Error(kInvalidArgument) for shapes that do not agree, Error(kNumerical) where an entry of K is NaN or Inf, or
/// larger than its diagonal allows.
[[nodiscard]] PackedMatrix pack_coupling(const MatrixF& down, const MatrixF& second_moment);
[[nodiscard]] PackedMatrix pack_coupling(const MatrixF& down, const PackedMatrix& second_moment);

}  // namespace prunenet
