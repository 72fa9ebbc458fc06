#include "prunenet/spectral/spectrum_distortion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/spectral/spectral_operator.h"
#include "prunenet/spectral/tridiagonal.h"

namespace prunenet {

namespace {

VectorD kept_spectrum(const KeptGram& gram, std::span<const std::int64_t> keep_indices) {
  Eigen::MatrixXf kept = gram(keep_indices);
  const VectorF squares = eigenvalues(tridiagonalise(kept));
  const std::int64_t count = gram.count(static_cast<std::int64_t>(keep_indices.size()));
  return squares.reverse().head(count).cast<double>().cwiseMax(0.0).cwiseSqrt();
}

}  // namespace

SpectrumDistortion::SpectrumDistortion(KeptGram gram, Distortion distortion)
    : gram_(std::move(gram)), distortion_(distortion) {
  if (distortion_ == Distortion::kSchatten2) {
    throw Error(ErrorKind::kInvalidArgument, "distortion schatten2 is no function of spectra; use Schatten2");
  }
  dense_ = kept_spectrum(gram_, all_neurons(gram_.neurons()));
  if (!(dense_.sum() > 0.0)) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("the operator of {} neurons has no energy; there is nothing to distort", gram_.neurons()));
  }
  thresholds_ = dense_.cwiseAbs2().cast<float>();
}

double SpectrumDistortion::ks(std::span<const std::int64_t> keep_indices) const {
  Eigen::MatrixXf kept = gram_(keep_indices);
  const auto size = static_cast<std::int64_t>(kept.rows());
  const std::int64_t count = gram_.count(static_cast<std::int64_t>(keep_indices.size()));
  const std::vector<std::int64_t> below = count_below(tridiagonalise(kept), thresholds_);
  const auto dense_count = static_cast<double>(dense_.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < below.size(); ++i) {
    // Shares of values at or above the i-th largest of the dense ones, and above it.
    const std::int64_t above = std::min(size - below[i], count);
    const double share = static_cast<double>(above) / static_cast<double>(count);
    const double at = std::abs(static_cast<double>(i + 1) / dense_count - share);
    const double beyond = std::abs(static_cast<double>(i) / dense_count - share);
    largest = std::max({largest, at, beyond});
  }
  return largest;
}

double SpectrumDistortion::operator()(std::span<const std::int64_t> keep_indices) const {
  switch (distortion_) {
    case Distortion::kKs:
      return ks(keep_indices);
    case Distortion::kMirsky:
      return mirsky_distortion(dense_, kept_spectrum(gram_, keep_indices));
    case Distortion::kNuclear:
      return nuclear_distortion(dense_, kept_spectrum(gram_, keep_indices));
    case Distortion::kSchatten2:
      break;  // refused by the constructor
  }
  throw Error(ErrorKind::kInvalidArgument, "distortion is none of the enumeration");
}

}  // namespace prunenet
