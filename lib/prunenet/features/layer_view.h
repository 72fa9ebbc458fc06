#pragma once

#include <functional>

#include "prunenet/core/matrix.h"
#include "prunenet/features/layer_maps.h"

namespace prunenet {

/// One FFN block as the feature groups look at it: one row a neuron. In a block without a gate the rows that are
/// activated, those of U, stand in both places.
struct LayerView {
  MatrixD gate;       ///< g_i o w, I x d: acts on the normalised state before its gain; centred under a layer norm
  MatrixD up;         ///< u_i o w, I x d
  MatrixD down;       ///< d_i (column of D), I x d, under the gain of the norm behind the block
  VectorD gate_norm;  ///< Euclidean norms of those rows, I
  VectorD up_norm;
  VectorD down_norm;
};

[[nodiscard]] LayerView make_layer_view(const LayerMaps& weights, const ModelConfig& config);

/// What is activated: G, or U in a block without a gate.
[[nodiscard]] const LinearMap& activated_map(const LayerMaps& weights);

/// rows (n x d) as they act on states normalised without gain: times the gain; minus their mean under a layer norm,
/// which takes the mean out of every state.
[[nodiscard]] MatrixD behind_norm(const MatrixD& rows, const NormMap& norm, const ModelConfig& config);

/// log of each entry, clamped below at log(1e-20), so that a dead neuron is an extreme value and not an infinity.
/// NaN stays NaN.
[[nodiscard]] VectorD safe_log(const VectorD& values);

/// x^T M x of every row x of `rows` (I x d), for symmetric M (d x d).
[[nodiscard]] VectorD quadratic_forms(const MatrixD& rows, const MatrixD& metric);

/// Of many rows r (n x d), such as those of an embedding.
struct RowMoments {
  VectorD mean;  ///< mean of r
  MatrixD gram;  ///< sum of r^T r, d x d
};

/// Of `transform`(rows), which is asked for some thousand rows at a time: all of them in double would be the largest
/// matrix of a model twice over.
[[nodiscard]] RowMoments row_moments(const MatrixF& rows, const std::function<MatrixD(const MatrixD&)>& transform);

/// M / trace(M); a zero matrix stays zero.
[[nodiscard]] MatrixD unit_trace(MatrixD matrix);

}  // namespace prunenet
