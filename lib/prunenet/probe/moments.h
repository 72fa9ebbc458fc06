#pragma once

#include <cstdint>
#include <functional>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// What a probe keeps of one block's responses h (I): their mean, and exactly one of the other two.
struct ResponseMoments {
  VectorF mean = {};           ///< E[h], I
  MatrixF second_moment = {};  ///< H = E[h h^T], I x I
  MatrixF sketch = {};         ///< B, m x I, with B^T B ~ (D^T D) o H, for blocks wider than `exact_width`
};

/// One layer's, over tokens that train and over held-out tokens.
struct LayerMoments {
  ResponseMoments training;
  ResponseMoments held_out;
};

/// Takes the layers in their order, each when it is finished.
using MomentsSink = std::function<void(std::int64_t layer, LayerMoments moments)>;

}  // namespace prunenet
