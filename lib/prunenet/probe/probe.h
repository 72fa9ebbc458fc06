#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/probe/options.h"

namespace prunenet {

/// What a probe keeps of one block's responses h (I): exactly one of the two is not empty.
struct ResponseMoments {
  MatrixF second_moment;  ///< H = E[h h^T], I x I
  MatrixF sketch;         ///< B, m x I, with B^T B ~ (D^T D) o H, for blocks wider than `exact_width`
};

/// All layers of a model, over tokens that train and over held-out tokens.
struct Probe {
  std::vector<ResponseMoments> training;
  std::vector<ResponseMoments> held_out;
};

/// Sequences that the model samples from itself, int64 [B, sequence_length], B = ceil(tokens / sequence_length).
struct ProbeText {
  torch::Tensor training;
  torch::Tensor held_out;
};

/// Both from `start_tokens` at `temperature`, all sequences in one batch; no held-out ones where
/// `held_out_tokens` is 0. Deterministic for a seed and a number of threads.
[[nodiscard]] ProbeText sample_probe_text(const CausalLm& model, const ProbeOptions& options, std::uint64_t seed,
                                          Progress& progress);

/// Response moments of every layer over all positions of `ids` [B, T]. Throws Error(kNumerical) naming the layer where
/// a response or its square is not finite.
[[nodiscard]] std::vector<ResponseMoments> collect_responses(const CausalLm& model, const torch::Tensor& ids,
                                                             const ProbeOptions& options, std::uint64_t seed,
                                                             Progress& progress);

/// Both texts and their moments. Throws Error(kInvalidArgument) for bad options, and what `sample` and
/// `collect_responses` throw.
[[nodiscard]] Probe run_probe(const CausalLm& model, const ProbeOptions& options, std::uint64_t seed,
                              Progress& progress);

}  // namespace prunenet
