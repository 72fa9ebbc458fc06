#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "prunenet/core/matrix.h"
#include "prunenet/core/registry.h"
#include "prunenet/features/attention_map.h"
#include "prunenet/features/feature_table.h"
#include "prunenet/features/neuron_block.h"

namespace prunenet {

/// One FFN block, as feature groups meet it.
struct FfnLayer {
  std::int64_t index = 0;          ///< of the layer
  const FfnBlockWeights& weights;  ///< its neurons can be read, some or all
};

/// Columns of features that are computed together. A group is made for one model and meets its weights once, in the
/// order of the forward pass: the embedding, then of every layer attention and the FFN (in models whose blocks are
/// parallel, the FFN and then attention). Only `add_features` must be there; a group that follows the stream keeps
/// what it needs from one call to the next.
///
/// Every layer gets the same columns in the same order, with names that no other group has; a policy finds its inputs
/// by them, so a column that comes to mean something else needs another name. Groups throw Error(kNumerical) where
/// weights are damaged; values that are not finite are found by the table.
class FeatureGroup {
 public:
  virtual ~FeatureGroup() = default;

  /// Some rows of the embedding (n x d) from row `first` on; all of them, then their end.
  virtual void add_embedding(std::int64_t first, const MatrixF& words);
  /// After the last of these.
  virtual void finish_embedding() {}
  /// What a layer's attention writes to the stream.
  virtual void pass_attention(const AttentionMap& attention);
  /// Numbers that all neurons of the layer share go to the table here.
  virtual void begin_ffn(const FfnLayer& layer, FeatureTable& table);
  /// The next neurons of the layer: one value for each, in every column.
  virtual void add_features(const FfnLayer& layer, const NeuronBlock& block, FeatureTable& table) = 0;
  /// After the last neuron of the layer.
  virtual void finish_ffn(const FfnLayer& layer);
};

/// For a model with this config.
using MakeFeatureGroup = std::function<std::unique_ptr<FeatureGroup>(const ModelConfig& config)>;

/// Feature groups in the order of their columns:
///   FeatureRegistry features = built_in_features();
///   features.add("mine", [](const ModelConfig&) { return std::make_unique<MyFeatures>(); });
using FeatureRegistry = Registry<MakeFeatureGroup>;

/// What policies read unless they are trained on more: docs/method.md.
[[nodiscard]] FeatureRegistry built_in_features();

}  // namespace prunenet
