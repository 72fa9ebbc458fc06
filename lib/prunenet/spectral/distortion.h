#pragma once

#include <string_view>

#include "prunenet/core/matrix.h"
#include "prunenet/spectral/leading.h"

namespace prunenet {

/// How far the spectrum sigma' of what stays is from the spectrum sigma of the whole operator:
/// - `ks`: two-sample Kolmogorov-Smirnov statistic of the two sets of singular values (the PruneNet paper's);
/// - `mirsky`: sum (sigma_i - sigma'_i)^2 / sum sigma_i^2;
/// - `nuclear`: sum |sigma_i - sigma'_i| / sum sigma_i;
/// - `schatten2`: ||A - A_S||_F^2 / ||A||_F^2, above 1 where removed neurons cancelled kept ones. It is no function
///   of the spectra, but by Mirsky's theorem (L. Mirsky, "Symmetric gauge functions and unitarily invariant norms",
///   1960) never below `mirsky`.
enum class Distortion { kKs, kMirsky, kNuclear, kSchatten2 };

[[nodiscard]] std::string_view to_string(Distortion distortion);
/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] Distortion parse_distortion(std::string_view name);

/// Spectra below are descending. The shorter one is filled up with zeros by `mirsky` and `nuclear`, which need a
/// positive sum of `dense` (else Error(kNumerical)).

/// max over t of |F_a(t) - F_b(t)|, F the share of values <= t; in [0, 1], and 1 where exactly one set is empty.
[[nodiscard]] double ks_statistic(const VectorD& a, const VectorD& b);
[[nodiscard]] double mirsky_distortion(const VectorD& dense, const VectorD& pruned);
[[nodiscard]] double nuclear_distortion(const VectorD& dense, const VectorD& pruned);

/// `mirsky` from leading values and the energies of the tails, bounded from below: the tails count as
/// (||tail|| - ||tail'||)^2, which is what they differ by at least. Throws like `mirsky_distortion`.
[[nodiscard]] double mirsky_lower_bound(const LeadingSpectrum& dense, const LeadingSpectrum& pruned);

}  // namespace prunenet
