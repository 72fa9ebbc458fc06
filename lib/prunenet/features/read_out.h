#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/core/progress.h"
#include "prunenet/features/feature_table.h"
#include "prunenet/features/input_covariance.h"
#include "prunenet/features/layer_maps.h"
#include "prunenet/features/layer_view.h"

namespace prunenet {

/// Who reads what a neuron writes: the energy of d_i under the input metrics W^T W of the layers behind, of the
/// unembedding, and of the stream itself.
class ReadOut {
 public:
  /// Reads every layer once for the sum of their metrics.
  explicit ReadOut(const WeightSource& weights, Progress& progress);

  /// Layers are asked for in order, 0 first. `next`: the layer behind, null at the last one.
  void add_features(const LayerMaps& current, const LayerMaps* next, const LayerView& view,
                    const InputCovariance& covariance, const VectorD& log_energy, FeatureTable& table);

 private:
  ModelConfig config_;
  MatrixD unembedding_;  ///< centred covariance of the output projection's rows, gain folded in, d x d
  MatrixD behind_;       ///< sum of the metrics of all layers not yet passed, d x d
};

}  // namespace prunenet
