#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <future>
#include <mutex>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/family/family.h"
#include "prunenet/model/layer_store.h"

namespace prunenet {

/// Layers that are read from a checkpoint whenever they are asked for: models larger than memory.
///
/// While the caller computes with one layer, a thread reads the next one's tensors as they lie in the file; they become
/// float32 when their turn comes. So memory holds one layer in float32 and one in the file's element type (float32 too
/// where that is a GGUF file), and nothing is read ahead of the last. The numbers are those of a model that was loaded.
class StreamedLayers final : public LayerStore {
 public:
  /// Checkpoint and family must outlive the object.
  StreamedLayers(const Checkpoint& checkpoint, const Family& family, torch::Device device);

  /// Throws what Checkpoint::read_matrix throws.
  [[nodiscard]] DecoderLayerWeights layer(std::int64_t layer) const override;

 private:
  /// The tensors of one layer as they lie in the file, made a checkpoint.
  [[nodiscard]] Checkpoint read(std::int64_t layer) const;

  const Checkpoint& checkpoint_;
  const Family& family_;
  torch::Device device_;
  mutable std::mutex mutex_;
  mutable std::int64_t ahead_ = -1;  ///< the layer that is being read; -1: none
  mutable std::future<Checkpoint> reading_;
};

/// Bytes of the tensors that one pass over the layers reads.
[[nodiscard]] std::uint64_t bytes_of_layers(const Checkpoint& checkpoint, const Family& family);

}  // namespace prunenet
