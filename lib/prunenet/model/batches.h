#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "prunenet/core/progress.h"

namespace prunenet {

/// Large enough for fast matrix products, small enough for activations of wide layers.
inline constexpr std::int64_t kTokensPerForward = 1024;

/// The sequences ids [B, T] in batches of whole sequences, each of about `tokens` tokens but at least one sequence.
[[nodiscard]] std::vector<torch::Tensor> batches_of(const torch::Tensor& ids, std::int64_t tokens);

/// Goes through the sequences ids [B, T] in such batches: memory for activations stays that of one batch. Reports
/// tokens to a stage that has begun.
void for_each_batch(const torch::Tensor& ids, std::int64_t tokens, Progress& progress,
                    const std::function<void(const torch::Tensor& batch)>& work);

}  // namespace prunenet
