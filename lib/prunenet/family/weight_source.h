#pragma once

#include <cstdint>

#include "prunenet/core/matrix.h"
#include "prunenet/family/model_config.h"

namespace prunenet {

/// One transformer layer as the features need it. Gains are those of the RMS norms before each half.
struct LayerWeights {
  VectorF attention_norm;  ///< d
  MatrixF q_proj;          ///< heads * head_dim x d
  MatrixF k_proj;          ///< kv_heads * head_dim x d
  MatrixF v_proj;          ///< kv_heads * head_dim x d
  MatrixF o_proj;          ///< d x heads * head_dim
  VectorF ffn_norm;        ///< d
  MatrixF gate;            ///< I x d
  MatrixF up;              ///< I x d
  MatrixF down;            ///< d x I
};

/// Where weights come from: a file, or a test. Each call reads anew, so that memory holds what is in use.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  [[nodiscard]] virtual const ModelConfig& config() const = 0;
  [[nodiscard]] virtual LayerWeights layer(std::int64_t layer) const = 0;
  [[nodiscard]] virtual MatrixF embedding() const = 0;          ///< vocabulary x d
  [[nodiscard]] virtual MatrixF output_projection() const = 0;  ///< vocabulary x d
  [[nodiscard]] virtual VectorF final_norm() const = 0;         ///< d
};

}  // namespace prunenet
