#include "prunenet/spectral/distortion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "prunenet/core/error.h"
#include "prunenet/core/named_values.h"

namespace prunenet {

namespace {

constexpr NamedValues<Distortion, 4> kDistortionNames{{
    {Distortion::kKs, "ks"},
    {Distortion::kMirsky, "mirsky"},
    {Distortion::kNuclear, "nuclear"},
    {Distortion::kSchatten2, "schatten2"},
}};

void require_positive(double total) {
  if (total > 0.0) return;
  throw Error(ErrorKind::kNumerical, fmt::format("the dense spectrum sums to {}; there is nothing to distort", total));
}

/// sigma - sigma', the shorter one filled up with zeros.
VectorD difference(const VectorD& dense, const VectorD& pruned) {
  VectorD result = VectorD::Zero(std::max(dense.size(), pruned.size()));
  result.head(dense.size()) = dense;
  result.head(pruned.size()) -= pruned;
  return result;
}

/// Energy of everything after the first `count` leading values.
double energy_after(const LeadingSpectrum& spectrum, Eigen::Index count) {
  return spectrum.tail_energy + spectrum.leading.tail(spectrum.leading.size() - count).squaredNorm();
}

}  // namespace

std::string_view to_string(Distortion distortion) {
  return name_of(kDistortionNames, distortion);
}

Distortion parse_distortion(std::string_view name) {
  return value_named(kDistortionNames, "distortion", name);
}

double ks_statistic(const VectorD& a, const VectorD& b) {
  if (a.size() == 0 || b.size() == 0) return a.size() == b.size() ? 0.0 : 1.0;
  double largest = 0.0;
  Eigen::Index i = 0;
  Eigen::Index j = 0;
  while (i < a.size() && j < b.size()) {
    // From the top down: shares of values >= t, which differ by as much as the shares below do.
    const double t = std::max(a(i), b(j));
    while (i < a.size() && a(i) >= t) ++i;
    while (j < b.size() && b(j) >= t) ++j;
    const double share_a = static_cast<double>(i) / static_cast<double>(a.size());
    const double share_b = static_cast<double>(j) / static_cast<double>(b.size());
    largest = std::max(largest, std::abs(share_a - share_b));
  }
  return largest;
}

double mirsky_distortion(const VectorD& dense, const VectorD& pruned) {
  const double total = dense.squaredNorm();
  require_positive(total);
  return difference(dense, pruned).squaredNorm() / total;
}

double nuclear_distortion(const VectorD& dense, const VectorD& pruned) {
  const double total = dense.sum();
  require_positive(total);
  return difference(dense, pruned).cwiseAbs().sum() / total;
}

double mirsky_lower_bound(const LeadingSpectrum& dense, const LeadingSpectrum& pruned) {
  const double total = dense.leading.squaredNorm() + dense.tail_energy;
  require_positive(total);
  const Eigen::Index count = std::min(dense.leading.size(), pruned.leading.size());
  const double head = (dense.leading.head(count) - pruned.leading.head(count)).squaredNorm();
  const double tail = std::sqrt(energy_after(dense, count)) - std::sqrt(energy_after(pruned, count));
  return (head + tail * tail) / total;
}

}  // namespace prunenet
