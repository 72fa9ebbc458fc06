#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "prunenet/model/decoder_weights.h"

namespace prunenet {

/// Where a CausalLm takes its decoder layers from, float32 on the model's device. Const and thread-safe.
class LayerStore {
 public:
  virtual ~LayerStore() = default;
  /// Callers release one layer before they ask for the next: a store may have to make it. Layers are made for being
  /// asked for in their order.
  [[nodiscard]] virtual DecoderLayerWeights layer(std::int64_t layer) const = 0;
};

/// All of them in memory.
class ResidentLayers final : public LayerStore {
 public:
  explicit ResidentLayers(std::vector<DecoderLayerWeights> layers) : layers_(std::move(layers)) {}
  [[nodiscard]] DecoderLayerWeights layer(std::int64_t layer) const override {
    return layers_.at(static_cast<std::size_t>(layer));
  }

 private:
  std::vector<DecoderLayerWeights> layers_;
};

}  // namespace prunenet
