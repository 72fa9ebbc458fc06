#pragma once

#include <torch/torch.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "prunenet/model/decoder_layer.h"
#include "prunenet/model/decoder_weights.h"
#include "prunenet/model/row_layout.h"

namespace prunenet {

/// Tokens that go through a layer together.
struct TokenBatch {
  torch::Tensor ids;  ///< [N] int64
  RowLayout layout;
};

/// Sequences of one length, ids [B, T].
[[nodiscard]] TokenBatch sequence_batch(const torch::Tensor& ids);
/// Sequences end to end, ids [N]. Throws as `packed_layout`.
[[nodiscard]] TokenBatch packed_batch(const torch::Tensor& ids, std::span<const Segment> segments);

/// Texts that go through the layers together, in batches of about kTokensPerForward tokens.
struct TextBatches {
  std::vector<TokenBatch> batches;
  std::vector<std::size_t> text_of;  ///< a batch each
  std::int64_t tokens = 0;
};

/// texts: [B, T] each.
[[nodiscard]] TextBatches batches_of_texts(std::span<const torch::Tensor> texts);

/// What a pass layer by layer tells its caller; either may be empty.
struct LayerPass {
  /// The FFN of a layer reads a batch.
  std::function<void(std::size_t batch, const FfnActivations& at)> see{};
  /// All batches are through a layer, whose weights are still there.
  std::function<void(std::int64_t layer, const DecoderLayerWeights& weights)> finish{};
};

/// Takes all batches through one layer: each of `states` [N, d] becomes what is behind it. Passes and states stand in
/// the order of the batches.
using LayerStep = std::function<void(std::int64_t layer, const DecoderLayerWeights& weights,
                                     std::span<const ForwardPass> passes, std::span<torch::Tensor> states)>;

}  // namespace prunenet
