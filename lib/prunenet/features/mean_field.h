#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/features/feature_table.h"
#include "prunenet/features/gaussian_energy.h"
#include "prunenet/features/layer_maps.h"
#include "prunenet/features/layer_view.h"

namespace prunenet {

/// A population of pseudo-states that follows the weights through the layers, in place of text.
///
/// States start as embedding rows, drawn with a fixed seed and a Zipf-like weight 1 / (id + 200): byte-pair
/// vocabularies are in order of merging, so low ids are the frequent tokens. There are no positions and no attention
/// scores: a state attends, with fixed weights, to itself, to a few other states, and to the mean of `solo` states that
/// attend to themselves only. Those stand for the first position, which every head of a trained model looks at and
/// which behaves unlike all others. FFNs are applied as they are. What this gives is no likelihood of anything, but
/// neuron energies whose ranks follow those on text far better than any function of one neuron's weights does.
class MeanField {
 public:
  /// embedding: vocabulary x d.
  MeanField(const MatrixF& embedding, const ModelConfig& config);

  /// In the order of the forward pass. Both `apply`s throw Error(kNumerical) where a state becomes NaN, infinite, or so
  /// large that its square overflows.
  void apply_attention(const LayerMaps& weights);
  /// Before `apply_attention` where the model's blocks are parallel.
  void add_features(const LayerMaps& weights, const LayerView& view, FeatureTable& table);
  void apply_ffn(const LayerMaps& weights);

  /// E[h h^T] over the mixed states in the current layer, I x I.
  [[nodiscard]] MatrixD second_moment() const;
  /// log E[h_i^2] over the mixed states, of the layer whose features were added last.
  [[nodiscard]] const VectorD& log_energy() const { return log_energy_; }

 private:
  [[nodiscard]] MatrixD normalised(const MatrixD& rows, const NormMap& norm) const;
  /// Adds what a block writes to the states. Throws Error(kNumerical) naming the `writer`.
  void add_branch(MatrixD written, const NormMap& post_norm, const std::string& writer);

  ModelConfig config_;
  NormalQuadrature quadrature_;
  MatrixD states_;    ///< mixed states, then solo ones; rows of d
  MatrixD mixing_;    ///< mixed x mixed, rows sum to 1
  MatrixD response_;  ///< h of all states in the current layer
  VectorD log_energy_;
};

}  // namespace prunenet
