#pragma once

#include <cstdint>
#include <functional>

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

/// What an attention block writes to the stream, on what. Queries and keys do neither.
struct AttentionWeights {
  NormWeights norm;       ///< of the stream before the block
  LinearWeights v;        ///< kv_heads * head_dim x d
  LinearWeights o;        ///< d x heads * head_dim
  NormWeights post_norm;  ///< of what the block writes
};

/// Some neurons of an FFN block, n of them.
struct NeuronWeights {
  LinearWeights gate;  ///< n x d; nothing in a block without a gate
  LinearWeights up;    ///< n x d
  MatrixF down;        ///< d x n
};

/// An FFN block with the norms around it. Its neurons, most of a layer's numbers, are read some at a time.
struct FfnBlockWeights {
  /// Neurons `first` to `first + count` - 1, read anew with each call.
  using Neurons = std::function<NeuronWeights(std::int64_t first, std::int64_t count)>;

  NormWeights norm;       ///< of the stream before the block
  Neurons neurons;        ///< of the layer, all I
  VectorF down_bias;      ///< d; empty: none
  NormWeights post_norm;  ///< of what the block writes
};

/// Where weights come from: a file, or a test. Each call reads anew, so that memory holds what is in use.
class WeightSource {
 public:
  /// Some rows of the embedding (n x d) from row `first` on.
  using RowVisitor = std::function<void(std::int64_t first, const MatrixF& rows)>;

  virtual ~WeightSource() = default;
  /// What the model computes, and its sizes.
  [[nodiscard]] virtual const ModelConfig& config() const = 0;
  /// Of layer `layer`, in [0, num_hidden_layers); so below.
  [[nodiscard]] virtual AttentionWeights attention(std::int64_t layer) const = 0;
  /// Its neurons can be read for as long as the source is there.
  [[nodiscard]] virtual FfnBlockWeights ffn(std::int64_t layer) const = 0;
  /// All rows of the embedding (vocabulary x d) in their order, in parts: it is the largest matrix of many models.
  virtual void visit_embedding(const RowVisitor& visit) const = 0;
};

}  // namespace prunenet
