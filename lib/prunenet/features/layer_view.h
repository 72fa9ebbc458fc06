#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/family/weight_source.h"

namespace prunenet {

/// One FFN block as the feature groups look at it: one row a neuron.
struct LayerView {
  MatrixF gate;       ///< g_i o w, I x d: acts on the normalised state before its gain
  MatrixF up;         ///< u_i o w, I x d
  MatrixF down;       ///< d_i (column of D), I x d
  VectorF gate_norm;  ///< Euclidean norms of those rows, I
  VectorF up_norm;
  VectorF down_norm;
};

[[nodiscard]] LayerView make_layer_view(const LayerWeights& weights);

/// log of each entry, clamped below at log(1e-20), so that a dead neuron is an extreme value and not an infinity.
[[nodiscard]] VectorF safe_log(const VectorF& values);

/// x^T M x of every row x of `rows` (I x d), for symmetric M (d x d).
[[nodiscard]] VectorF quadratic_forms(const MatrixF& rows, const MatrixF& metric);

/// M / trace(M); a zero matrix stays zero.
[[nodiscard]] MatrixF unit_trace(MatrixF matrix);

}  // namespace prunenet
