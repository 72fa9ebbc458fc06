#pragma once

#include <string>

#include "prunenet/core/matrix.h"
#include "prunenet/features/attention_map.h"
#include "prunenet/features/feature_table.h"
#include "prunenet/features/gaussian_energy.h"
#include "prunenet/features/neuron_block.h"

namespace prunenet {

/// An effective covariance of the residual stream from weights alone: that of the normalised embedding rows, plus what
/// attention and FFN of each layer write under it, every part scaled to trace 1. Symmetric matrices are their lower
/// triangles here; above lies nothing. Memory: three d x d; where attention writes, five.
class InputCovariance {
 public:
  explicit InputCovariance(const ModelConfig& config);

  /// Some rows of the embedding (n x d); all of them, then their end, before anything else.
  void add_embedding(const MatrixF& words);
  void finish_embedding();
  /// In the order of the forward pass: attention of a layer, the blocks of its neurons, their end. What attention
  /// writes is added once its weights need not be in memory any more; a second time adds nothing.
  void pass_attention(const AttentionMap& attention);
  void add_attention_write();
  void add_features(const FfnBlockWeights& weights, const NeuronBlock& block, FeatureTable& table);
  void finish_ffn();

  [[nodiscard]] const MatrixD& current() const { return current_; }      ///< C, d x d, lower triangle
  [[nodiscard]] const MatrixD& embedding() const { return embedding_; }  ///< C_E, likewise, trace 1
  [[nodiscard]] const VectorD& mean() const { return mean_; }            ///< mean normalised embedding row, d

 private:
  /// Scaled to trace 1.
  void add_write(const MatrixD& write);
  /// Under `scale` times the covariance. Returns E[h_i^2].
  VectorD add_covariance_features(const std::string& name, const FfnBlockWeights& weights, const NeuronBlock& block,
                                  const MatrixD& covariance, double scale, FeatureTable& table) const;

  ModelConfig config_;
  NormalQuadrature quadrature_;
  MatrixD embedding_;
  VectorD mean_;
  MatrixD current_;
  MatrixD copying_;    ///< of attention that was passed and not added, d x d; else empty
  MatrixD ffn_write_;  ///< of the neurons since the last `finish_ffn`, lower triangle; empty before the first
};

}  // namespace prunenet
