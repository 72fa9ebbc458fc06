#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/family/weight_source.h"

namespace prunenet {

// Features are computed in double. A sum in float depends on the order of its terms in the seventh digit, and that
// order on the threads, the BLAS and the processor; eigenvectors and ranks carry it up to the third digit of a score,
// which is enough for neurons at the border of a keep-set to change places. In double they do not.

/// See NormWeights.
struct NormMap {
  VectorD gain;  ///< empty: there is no such norm
  VectorD bias;  ///< empty: none
};

[[nodiscard]] NormMap to_double(const NormWeights& norm);

/// y = W x + b; see LinearWeights.
struct LinearMap {
  MatrixD weight;  ///< W, outputs x inputs
  VectorD bias;    ///< b, outputs; empty: none
};

[[nodiscard]] LinearMap to_double(const LinearWeights& map);

/// Some neurons of one FFN block, in double, one row each: a whole layer's would take three times the memory of its
/// weights. In a block without a gate what is activated, U, stands in both places.
struct NeuronBlock {
  LinearMap gate_map;    ///< g_i and its bias, as they act on the normalised state: n x d
  LinearMap up_map;      ///< u_i likewise
  MatrixD down_columns;  ///< d_i: n x d
  // The same as they act on the state before the gain of the norm, and behind that of the norm after:
  MatrixD gate;       ///< g_i o w, n x d; centred under a layer norm
  MatrixD up;         ///< u_i o w, n x d
  MatrixD down;       ///< d_i under the gain of the norm behind the block, n x d
  VectorD gate_norm;  ///< Euclidean norms of those rows, n
  VectorD up_norm;    ///< likewise
  VectorD down_norm;  ///< likewise
};

/// `neurons` of this FFN block.
[[nodiscard]] NeuronBlock make_neuron_block(const NeuronWeights& neurons, const FfnBlockWeights& ffn,
                                            const ModelConfig& config);

/// rows (n x d) as they act on states normalised without gain: times the gain; minus their mean under a layer norm,
/// which takes the mean out of every state.
[[nodiscard]] MatrixD behind_norm(MatrixD rows, const NormMap& norm, const ModelConfig& config);

/// log of each entry, clamped below at log(1e-20), so that a dead neuron is an extreme value and not an infinity.
/// NaN stays NaN.
[[nodiscard]] VectorD safe_log(const VectorD& values);

/// M / trace(M); a zero matrix stays zero.
[[nodiscard]] MatrixD unit_trace(MatrixD matrix);

}  // namespace prunenet
