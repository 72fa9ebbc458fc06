#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <span>

#include "prunenet/core/progress.h"
#include "prunenet/core/rng.h"
#include "prunenet/model/causal_lm.h"

namespace prunenet {

struct SampleOptions {
  std::int64_t tokens = 128;  ///< new tokens a sequence
  double temperature = 1.0;   ///< 0: the most likely token, the first at ties
  /// A sequence that has emitted an end token repeats it; all ended, sampling stops early. Otherwise end tokens are
  /// tokens like any other.
  bool stop_at_eos = false;
};

/// Sees the logits [B, V] that token number `step` is drawn from; they are as the model gives them, before the
/// temperature.
using LogitObserver = std::function<void(std::int64_t step, const torch::Tensor& logits)>;

/// Continues B prompts of one length: prompts [B, P] int64 -> prompts and continuations, [B, P + tokens] (fewer columns
/// where all have ended). Tokens are drawn by inverse distribution function from `rng`, one number a token in order of
/// the rows, so a seed gives the same text wherever the logits are the same.
/// `see` may be empty.
/// Throws Error(kInvalidArgument) for a negative or not finite temperature, tokens < 1, or P + tokens beyond the
/// model's positions; Error(kNumerical) naming sequence and token of a logit that is NaN or infinite, by
/// itself or over the temperature.
[[nodiscard]] torch::Tensor sample(const CausalLm& model, const torch::Tensor& prompts, const SampleOptions& options,
                                   Rng& rng, Progress& progress, const LogitObserver& see = {});

/// [batch, 1] of `tokens` in turn; without any, of the token that starts a text: BOS, or else EOS.
/// Throws Error(kUnsupported) where the model's config would have to name one, and names neither.
[[nodiscard]] torch::Tensor start_prompts(const ModelConfig& config, std::int64_t batch,
                                          std::span<const std::int64_t> tokens = {});

}  // namespace prunenet
