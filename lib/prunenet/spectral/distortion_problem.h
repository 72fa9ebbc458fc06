#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "prunenet/core/matrix.h"
#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/spectral_operator.h"

namespace prunenet {

/// One layer's question: how far is the operator from itself when only S stays? Built once a layer, with what depends
/// on the layer alone (the dense spectrum) computed then; asked for many keep-sets. Immutable, so thread-safe.
class DistortionProblem {
 public:
  /// Throws Error(kInvalidArgument) without an operator, Error(kNumerical) where it has no energy.
  DistortionProblem(std::shared_ptr<const SpectralOperator> spectral_operator, Distortion distortion);

  /// I.
  [[nodiscard]] std::int64_t neurons() const { return operator_->neurons(); }
  [[nodiscard]] Distortion kind() const { return distortion_; }
  /// Singular values of the whole operator, descending; empty for kSchatten2, which needs none.
  [[nodiscard]] const VectorD& dense_spectrum() const { return dense_spectrum_; }

  /// 0 where every neuron stays, 1 where none does. `keep_indices` strictly ascending in [0, I), else
  /// Error(kInvalidArgument).
  [[nodiscard]] double distortion(std::span<const std::int64_t> keep_indices) const;

 private:
  std::shared_ptr<const SpectralOperator> operator_;
  Distortion distortion_;
  VectorD dense_spectrum_;
};

}  // namespace prunenet
