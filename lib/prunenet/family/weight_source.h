#pragma once

#include <cstdint>

#include "prunenet/core/matrix.h"
#include "prunenet/family/model_config.h"

namespace prunenet {

/// y = W x + b
struct LinearWeights {
  MatrixF weight;  ///< outputs x inputs; empty where the architecture has no such map
  VectorF bias;    ///< outputs; empty: none
};

/// As ModelConfig::norm says; gains with their offset.
struct NormWeights {
  VectorF gain;  ///< empty: there is no such norm
  VectorF bias;  ///< empty: none
};

/// One transformer layer as the features need it.
struct LayerWeights {
  NormWeights attention_norm;
  LinearWeights q;  ///< heads * head_dim x d
  LinearWeights k;  ///< kv_heads * head_dim x d
  LinearWeights v;  ///< kv_heads * head_dim x d
  LinearWeights o;  ///< d x heads * head_dim
  NormWeights attention_post_norm;
  NormWeights ffn_norm;
  LinearWeights gate;  ///< I x d
  LinearWeights up;    ///< I x d
  LinearWeights down;  ///< d x I
  NormWeights ffn_post_norm;
};

/// Where weights come from: a file, or a test. Each call reads anew, so that memory holds what is in use.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  [[nodiscard]] virtual const ModelConfig& config() const = 0;
  [[nodiscard]] virtual LayerWeights layer(std::int64_t layer) const = 0;
  [[nodiscard]] virtual MatrixF embedding() const = 0;          ///< vocabulary x d
  [[nodiscard]] virtual MatrixF output_projection() const = 0;  ///< vocabulary x d
  [[nodiscard]] virtual NormWeights final_norm() const = 0;
};

}  // namespace prunenet
