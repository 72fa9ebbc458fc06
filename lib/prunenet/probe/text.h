#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/probe/options.h"

namespace prunenet {

/// Sequences that the model samples from itself, int64 [B, L] on the CPU.
struct ProbeText {
  torch::Tensor training;
  torch::Tensor held_out;
};

/// L: `sequence_length`, or what the model can take at most.
[[nodiscard]] std::int64_t text_length(const ProbeOptions& options, const ModelConfig& config);

/// B: the sequences of `length` tokens that `tokens` take, the last one whole.
[[nodiscard]] std::int64_t sequences_of(std::int64_t tokens, std::int64_t length);

/// Both from `start_tokens` at `temperature`, all sequences in one batch; no held-out ones where
/// `held_out_tokens` is 0. Deterministic for a seed and a number of threads.
[[nodiscard]] ProbeText sample_probe_text(const CausalLm& model, const ProbeOptions& options, std::uint64_t seed,
                                          Progress& progress);

}  // namespace prunenet
