#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"
#include "prunenet/model/decoder_layer.h"
#include "prunenet/model/kv_cache.h"
#include "prunenet/model/layer_pass.h"
#include "prunenet/model/layer_store.h"
#include "prunenet/model/row_layout.h"
#include "prunenet/model/token_loss.h"

namespace prunenet {

/// How a model is loaded.
struct LoadOptions {
  bool stream = false;  ///< decoder layers stay in the checkpoint, and are read at every pass (StreamedLayers)
  torch::Device device = torch::kCPU;  ///< where weights lie, and all is computed
  /// What to do where the weights do not fit into memory: ends that error.
  std::string when_too_large = "use a machine with more memory";
  /// What there is; asked of the system where not given.
  std::optional<std::uint64_t> available_bytes = {};
};

/// A decoder-only transformer in float32, of any shape that ModelConfig describes.
///
/// ids are int64 tensors. Logits and losses come back on the CPU, states where the model is. Throws
/// Error(kInvalidArgument), with the numbers, for ids of another type or rank, outside the vocabulary, or in sequences
/// longer than max_position_embeddings. Const members may run at once from threads.
///
/// Gradients: with libtorch's grad mode on, `logits` and `token_nll` are differentiable with respect to whatever a hook
/// has marked (h.requires_grad_()); the weights themselves never require gradients. Callers that want none, and speed,
/// hold a torch::NoGradGuard.
class CausalLm {
 public:
  /// Checkpoint and family must outlive a model that streams its layers. Throws what Checkpoint::read_matrix throws; a
  /// model that streams, at every pass. Throws Error(kOutOfSpace), with the numbers, before anything is read where the
  /// weights are to lie in this machine's memory and do not fit.
  [[nodiscard]] static CausalLm load(const Checkpoint& checkpoint, const Family& family, Progress& progress,
                                     const LoadOptions& options = {});

  /// Of weights that are in memory; `load` reads them.
  CausalLm(ModelConfig config, DecoderWeights weights);
  /// The layers come from `layers`, all else from `outer`.
  CausalLm(ModelConfig config, DecoderWeights outer, std::shared_ptr<const LayerStore> layers);

  /// What the model computes, and its sizes.
  [[nodiscard]] const ModelConfig& config() const { return config_; }
  /// On `device()`.
  [[nodiscard]] const DecoderWeights& weights() const { return weights_; }
  /// Where the model is run.
  [[nodiscard]] torch::Device device() const { return weights_.embedding.device(); }
  /// How states after the final norm become logits.
  [[nodiscard]] const LogitRule& logit_rule() const { return logits_; }
  /// False: a pass over the layers costs nothing but the computation.
  [[nodiscard]] bool streams() const { return streamed_; }

  /// ids [B, T] -> logits of the token after each, [B, T, V].
  [[nodiscard]] torch::Tensor logits(const torch::Tensor& ids, const FfnHook& hook = {}) const;

  /// Negative log-likelihood, in nats, of ids[:, 1:] given what stands before: ids [B, T >= 2] -> [B, T - 1].
  /// Never holds T * V numbers, and does not run the last token through the layers.
  [[nodiscard]] torch::Tensor token_nll(const torch::Tensor& ids, const FfnHook& hook = {},
                                        const FfnOutputHook& output_hook = {}) const;

  /// ids [B, T] -> states after the final norm, [B, T, d]: for callers that want what a hook sees, and no logits.
  [[nodiscard]] torch::Tensor final_states(const torch::Tensor& ids, const FfnHook& hook = {}) const;

  /// Runs T tokens more of the B sequences of a cache: ids [B, T] -> logits after the last, [B, V]. No gradient.
  /// Throws Error(kInvalidArgument) where the cache has another B or no room.
  [[nodiscard]] torch::Tensor next_logits(const torch::Tensor& ids, KvCache& cache) const;

  /// Sequences of any lengths end to end, with shared contexts where segments have parents: ids [N] -> states after the
  /// final norm, [N, d]. No gradient. Costs what N tokens cost: there is no padding.
  [[nodiscard]] torch::Tensor packed_states(const torch::Tensor& ids, std::span<const Segment> segments) const;

  /// Batches through the model layer by layer: all of them through one, then all through the next, so that each layer
  /// is asked for once. States after the final norm, [N, d] each; the numbers are those of the other members. No
  /// gradient. Memory: the states of all tokens, and one layer. Reports tokens to a stage that has begun.
  [[nodiscard]] std::vector<torch::Tensor> states_by_layer(std::span<const TokenBatch> batches, const LayerPass& pass,
                                                           Progress& progress) const;
  /// The same with a caller who computes the layers: from the embedded batches to the final norm.
  [[nodiscard]] std::vector<torch::Tensor> through_layers(std::span<const TokenBatch> batches,
                                                          const LayerStep& step) const;
  /// Tokens that are worth a pass of their own: a batch where layers cost nothing, else as many as have 1 GiB of
  /// states.
  [[nodiscard]] std::int64_t tokens_per_pass() const;

  /// states [N, d] after the final norm, targets [N] int64 -> negative log-likelihood of each target, [N].
  [[nodiscard]] torch::Tensor nll(const torch::Tensor& states, const torch::Tensor& targets) const;

  /// Hidden states [B, T, d] as transformers reports them: the embedding, then after each layer, the last of them after
  /// the final norm: layers + 1 tensors. No gradient.
  [[nodiscard]] std::vector<torch::Tensor> layer_states(const torch::Tensor& ids) const;

 private:
  friend class LayerSteps;
  /// Of the rows of one layout.
  struct Positions {
    torch::Tensor ids;  ///< [N]
    RotaryAngles angles;
    RotaryAngles window_angles;
  };
  struct Extras {
    const FfnHook* hook = nullptr;
    const FfnOutputHook* output_hook = nullptr;
    KvCache* cache = nullptr;
    std::vector<torch::Tensor>* layer_states = nullptr;
  };
  [[nodiscard]] Positions positions_of(const RowLayout& layout) const;
  /// ids [N] -> [N, d]
  [[nodiscard]] torch::Tensor embed(const torch::Tensor& ids, const Positions& positions) const;
  [[nodiscard]] torch::Tensor normalised_states(const torch::Tensor& states) const;
  /// ids [N] -> [N, d] after the final norm.
  [[nodiscard]] torch::Tensor forward(const torch::Tensor& ids, const RowLayout& layout, const Extras& extras) const;
  void check_ids(const torch::Tensor& ids, std::int64_t rank) const;
  void check_length(std::int64_t tokens) const;

  ModelConfig config_;
  DecoderWeights weights_;
  std::shared_ptr<const LayerStore> layers_;
  bool streamed_;
  torch::Tensor rotary_frequencies_;
  torch::Tensor window_frequencies_;
  LogitRule logits_;
};

}  // namespace prunenet
