#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"
#include "prunenet/model/decoder_layer.h"
#include "prunenet/model/kv_cache.h"
#include "prunenet/model/row_layout.h"
#include "prunenet/model/token_loss.h"

namespace prunenet {

/// A decoder-only transformer in float32 on the CPU, of any shape that ModelConfig describes.
///
/// ids are int64 tensors. Throws Error(kInvalidArgument), with the numbers, for ids of another type or rank, outside
/// the vocabulary, or in sequences longer than max_position_embeddings. Const members may run at once from threads.
///
/// Gradients: with libtorch's grad mode on, `logits` and `token_nll` are differentiable with respect to whatever a hook
/// has marked (h.requires_grad_()); the weights themselves never require gradients. Callers that want none, and speed,
/// hold a torch::NoGradGuard.
class CausalLm {
 public:
  /// Throws what Checkpoint::read_matrix throws.
  [[nodiscard]] static CausalLm load(const Checkpoint& checkpoint, const Family& family, Progress& progress);

  CausalLm(ModelConfig config, DecoderWeights weights);

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] const DecoderWeights& weights() const { return weights_; }

  /// ids [B, T] -> logits of the token after each, [B, T, V].
  [[nodiscard]] torch::Tensor logits(const torch::Tensor& ids, const FfnHook& hook = {}) const;

  /// Negative log-likelihood, in nats, of ids[:, 1:] given what stands before: ids [B, T >= 2] -> [B, T - 1].
  /// Never holds T * V numbers, and does not run the last token through the layers.
  [[nodiscard]] torch::Tensor token_nll(const torch::Tensor& ids, const FfnHook& hook = {}) const;

  /// ids [B, T] -> states after the final norm, [B, T, d]: for callers that want what a hook sees, and no logits.
  [[nodiscard]] torch::Tensor final_states(const torch::Tensor& ids, const FfnHook& hook = {}) const;

  /// Runs T tokens more of the B sequences of a cache: ids [B, T] -> logits after the last, [B, V]. No gradient.
  /// Throws Error(kInvalidArgument) where the cache has another B or no room.
  [[nodiscard]] torch::Tensor next_logits(const torch::Tensor& ids, KvCache& cache) const;

  /// Sequences of any lengths end to end, with shared contexts where segments have parents: ids [N] -> states after the
  /// final norm, [N, d]. No gradient. Costs what N tokens cost: there is no padding.
  [[nodiscard]] torch::Tensor packed_states(const torch::Tensor& ids, std::span<const Segment> segments) const;

  /// states [N, d] after the final norm, targets [N] int64 -> negative log-likelihood of each target, [N].
  [[nodiscard]] torch::Tensor nll(const torch::Tensor& states, const torch::Tensor& targets) const;

  /// Hidden states [B, T, d] as transformers reports them: the embedding, then after each layer, the last of them after
  /// the final norm: layers + 1 tensors. No gradient.
  [[nodiscard]] std::vector<torch::Tensor> layer_states(const torch::Tensor& ids) const;

 private:
  struct Extras {
    const FfnHook* hook = nullptr;
    KvCache* cache = nullptr;
    std::vector<torch::Tensor>* layer_states = nullptr;
  };
  /// ids [N] -> [N, d] after the final norm.
  [[nodiscard]] torch::Tensor forward(const torch::Tensor& ids, const RowLayout& layout, const Extras& extras) const;
  void check_ids(const torch::Tensor& ids, std::int64_t rank) const;
  void check_length(std::int64_t tokens) const;

  ModelConfig config_;
  DecoderWeights weights_;
  torch::Tensor rotary_frequencies_;
  torch::Tensor window_frequencies_;
  LogitRule logits_;
};

}  // namespace prunenet
