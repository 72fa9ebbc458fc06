#pragma once

#include <cstdint>
#include <functional>

#include "prunenet/core/matrix.h"
#include "prunenet/spectral/packed_matrix.h"

namespace prunenet {

/// What a probe keeps of one block's responses h (I): their mean, and their second moment in one of two forms, the
/// other being empty.
struct ResponseMoments {
  VectorF mean = {};           ///< E[h], I
  MatrixF second_moment = {};  ///< H = E[h h^T], I x I
  PackedMatrix packed = {};    ///< H, of blocks wider than `exact_width`

  /// In which of the two forms the second moment is.
  [[nodiscard]] bool is_exact() const { return second_moment.size() != 0; }
  /// E[h_i^2], I: exact in both forms.
  [[nodiscard]] VectorF energies() const { return is_exact() ? second_moment.diagonal() : packed.diagonal(); }
};

/// One layer's, over tokens that train and over held-out tokens.
struct LayerMoments {
  ResponseMoments training;  ///< over tokens that train
  ResponseMoments held_out;  ///< over the others
  MatrixF loss_metric = {};  ///< F (loss_metric.h), d x d, over tokens that train; empty where the probe has none
};

/// Takes the layers in their order, each when it is finished.
using MomentsSink = std::function<void(std::int64_t layer, LayerMoments moments)>;

}  // namespace prunenet
