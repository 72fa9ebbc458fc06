#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/family/weight_source.h"

namespace prunenet {

// Features are computed in double. A sum in float depends on the order of its terms in the seventh digit, and that
// order on the threads, the BLAS and the processor; eigenvectors and ranks carry it up to the third digit of a score,
// which is enough for neurons at the border of a keep-set to change places. In double they do not.

/// y = W x + b; see LinearWeights.
struct LinearMap {
  MatrixD weight;
  VectorD bias;
};

/// See NormWeights.
struct NormMap {
  VectorD gain;
  VectorD bias;
};

/// See LayerWeights.
struct LayerMaps {
  NormMap attention_norm;
  LinearMap q;
  LinearMap k;
  LinearMap v;
  LinearMap o;
  NormMap attention_post_norm;
  NormMap ffn_norm;
  LinearMap gate;
  LinearMap up;
  LinearMap down;
  NormMap ffn_post_norm;
};

[[nodiscard]] NormMap to_double(const NormWeights& norm);

/// Each part is freed as soon as it is converted.
[[nodiscard]] LayerMaps to_double(LayerWeights&& weights);

}  // namespace prunenet
