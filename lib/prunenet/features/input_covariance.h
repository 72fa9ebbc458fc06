#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/features/feature_table.h"
#include "prunenet/features/gaussian_energy.h"
#include "prunenet/features/layer_maps.h"
#include "prunenet/features/layer_view.h"

namespace prunenet {

/// W_o W_v with the value heads shared out to their query heads and the norm's gain folded in: what attention writes if
/// it copies one state, d x d.
[[nodiscard]] MatrixD value_output_map(const LayerMaps& weights, const ModelConfig& config);

/// An effective covariance of the residual stream from weights alone: that of the normalised embedding rows, plus what
/// attention and FFN of each layer write under it, every part scaled to trace 1.
class InputCovariance {
 public:
  /// embedding: vocabulary x d.
  InputCovariance(const MatrixF& embedding, const ModelConfig& config);

  /// In the order of the forward pass: attention of a layer, its features, its FFN.
  void add_attention_write(const LayerMaps& weights);
  void add_features(const LayerMaps& weights, const LayerView& view, FeatureTable& table);
  void add_ffn_write(const LayerView& view);

  /// (G C G^T) o (U C U^T), I x I: E[h h^T] for independent linear pre-activations under C; U C U^T without a gate.
  [[nodiscard]] MatrixD second_moment(const LayerView& view) const;

  [[nodiscard]] const MatrixD& current() const { return current_; }      ///< C, d x d
  [[nodiscard]] const MatrixD& embedding() const { return embedding_; }  ///< C_E, d x d, trace 1
  [[nodiscard]] const VectorD& mean() const { return mean_; }            ///< mean normalised embedding row, d

 private:
  void add_covariance_features(const std::string& name, const LayerMaps& weights, const LayerView& view,
                               const MatrixD& covariance, FeatureTable& table);

  ModelConfig config_;
  NormalQuadrature quadrature_;
  MatrixD embedding_;
  VectorD mean_;
  MatrixD current_;
  VectorD energy_;  ///< E[h_i^2] under C, of the layer last seen
};

}  // namespace prunenet
