#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/family/weight_source.h"

namespace prunenet {

/// One FFN block as the feature groups look at it: one row a neuron. In a block without a gate the rows that are
/// activated, those of U, stand in both places.
struct LayerView {
  MatrixF gate;       ///< g_i o w, I x d: acts on the normalised state before its gain; centred under a layer norm
  MatrixF up;         ///< u_i o w, I x d
  MatrixF down;       ///< d_i (column of D), I x d, under the gain of the norm behind the block
  VectorF gate_norm;  ///< Euclidean norms of those rows, I
  VectorF up_norm;
  VectorF down_norm;
};

[[nodiscard]] LayerView make_layer_view(const LayerWeights& weights, const ModelConfig& config);

/// What is activated: G, or U in a block without a gate.
[[nodiscard]] const LinearWeights& activated_map(const LayerWeights& weights);

/// rows (n x d) as they act on states normalised without gain: times the gain; minus their mean under a layer norm,
/// which takes the mean out of every state.
[[nodiscard]] MatrixF behind_norm(const MatrixF& rows, const NormWeights& norm, const ModelConfig& config);

/// log of each entry, clamped below at log(1e-20), so that a dead neuron is an extreme value and not an infinity.
/// NaN stays NaN.
[[nodiscard]] VectorF safe_log(const VectorF& values);

/// x^T M x of every row x of `rows` (I x d), for symmetric M (d x d).
[[nodiscard]] VectorF quadratic_forms(const MatrixF& rows, const MatrixF& metric);

/// M / trace(M); a zero matrix stays zero.
[[nodiscard]] MatrixF unit_trace(MatrixF matrix);

}  // namespace prunenet
