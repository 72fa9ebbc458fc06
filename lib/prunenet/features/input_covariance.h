#pragma once

#include <string>

#include "prunenet/core/matrix.h"
#include "prunenet/features/feature_table.h"
#include "prunenet/features/gaussian_energy.h"
#include "prunenet/features/neuron_block.h"

namespace prunenet {

/// W_o W_v with the value heads shared out to their query heads and the norm's gain folded in: what attention writes if
/// it copies one state, d x d.
[[nodiscard]] MatrixD value_output_map(const AttentionWeights& weights, const ModelConfig& config);

/// An effective covariance of the residual stream from weights alone: that of the normalised embedding rows, plus what
/// attention and FFN of each layer write under it, every part scaled to trace 1. Memory: four d x d.
class InputCovariance {
 public:
  explicit InputCovariance(const WeightSource& weights);

  /// In the order of the forward pass: attention of a layer, the blocks of its neurons, their end.
  void add_attention_write(const AttentionWeights& weights);
  void add_features(const FfnBlockWeights& weights, const NeuronBlock& block, FeatureTable& table);
  void finish_ffn();

  [[nodiscard]] const MatrixD& current() const { return current_; }      ///< C, d x d
  [[nodiscard]] const MatrixD& embedding() const { return embedding_; }  ///< C_E, d x d, trace 1
  [[nodiscard]] const VectorD& mean() const { return mean_; }            ///< mean normalised embedding row, d

 private:
  /// Under `scale` times the covariance. Returns E[h_i^2].
  VectorD add_covariance_features(const std::string& name, const FfnBlockWeights& weights, const NeuronBlock& block,
                                  const MatrixD& covariance, double scale, FeatureTable& table) const;

  ModelConfig config_;
  NormalQuadrature quadrature_;
  MatrixD embedding_;
  VectorD mean_;
  MatrixD current_;
  MatrixD ffn_write_;  ///< of the neurons since the last `finish_ffn`
};

}  // namespace prunenet
