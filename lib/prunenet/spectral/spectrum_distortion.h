#pragma once

#include <cstdint>
#include <span>

#include "prunenet/core/matrix.h"
#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/kept_gram.h"

namespace prunenet {

/// `ks`, `mirsky` and `nuclear` of many keep-sets of one layer, for training: one decomposition each, in single
/// precision. `DistortionProblem` is the same in double. Immutable, so thread-safe.
///
/// `ks` needs no eigenvalues: F of the kept spectrum is a staircase and F of the dense one is constant between its own
/// values, so their largest difference is at one of those, and eigenvalues below each of them are counted.
class SpectrumDistortion {
 public:
  /// Throws Error(kInvalidArgument) for kSchatten2, which is no function of spectra, Error(kNumerical) where the
  /// operator has no energy.
  SpectrumDistortion(KeptGram gram, Distortion distortion);

  [[nodiscard]] Distortion kind() const { return distortion_; }
  /// `keep_indices` strictly ascending in [0, I), not empty, else Error(kInvalidArgument). Throws Error(kNumerical)
  /// where the decomposition fails.
  [[nodiscard]] double operator()(std::span<const std::int64_t> keep_indices) const;

 private:
  [[nodiscard]] double ks(std::span<const std::int64_t> keep_indices) const;

  KeptGram gram_;
  Distortion distortion_;
  VectorD dense_;       ///< singular values, descending
  VectorF thresholds_;  ///< their squares
};

}  // namespace prunenet
