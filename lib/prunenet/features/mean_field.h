#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/features/attention_map.h"
#include "prunenet/features/feature_table.h"
#include "prunenet/features/gaussian_energy.h"
#include "prunenet/features/neuron_block.h"

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
  explicit MeanField(const ModelConfig& config);

  /// Some rows of the embedding (n x d) from row `first` on; all of them, then their end, before anything else.
  void add_embedding(std::int64_t first, const MatrixF& words);
  void finish_embedding();
  /// In the order of the forward pass; the FFN's beginning before attention where the model's blocks are parallel.
  /// Both ends throw Error(kNumerical) where a state becomes NaN, infinite, or so large that its square overflows.
  void apply_attention(const AttentionMap& attention);
  void begin_ffn(const FfnBlockWeights& weights);
  void add_features(const NeuronBlock& block, FeatureTable& table);
  void finish_ffn(const FfnBlockWeights& weights);

 private:
  [[nodiscard]] MatrixD normalised(const MatrixD& rows, const NormMap& norm) const;
  /// Adds what a block writes to the states. Throws Error(kNumerical) naming the `writer`.
  void add_branch(MatrixD written, const NormMap& post_norm, const std::string& writer);

  ModelConfig config_;
  NormalQuadrature quadrature_;
  MatrixD mixing_;                   ///< mixed x mixed, rows sum to 1
  std::vector<Eigen::Index> words_;  ///< of the embedding, one a state
  MatrixD states_;                   ///< mixed states, then solo ones; rows of d
  MatrixD inputs_;                   ///< of the current FFN: the states behind its norm
  MatrixD written_;                  ///< by its neurons so far, a row a state
};

}  // namespace prunenet
