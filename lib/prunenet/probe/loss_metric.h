#pragma once

#include <torch/torch.h>

#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"

namespace prunenet {

/// What an error in the output of a feed-forward block costs: the metric F (d x d) of every layer,
///
///   F = E[g g^T],  g = d log p(text) / dy,  y = D h + b [d] at a position, before the norm or multiplier behind it.
///
/// Over text that the model samples from itself, F is the block of its Fisher information at y: an error e of y at one
/// position moves the model's distribution of texts by the Kullback-Leibler divergence e^T F e / 2, to second order (S.
/// Amari, "Natural gradient works efficiently in learning", 1998). E[e^T F e] of different layers is one currency.
///
/// ids [B, T >= 3]. All positions count but the last of a sequence, which nothing is predicted from, and the first:
/// every later token attends to that one, whatever the text is, and its gradient is unlike all others. In the early
/// layers of SmolLM2-135M it alone would be a tenth to a fifth of the trace of F (experiments/reward).
///
/// One forward and one backward pass, by batches of whole sequences whose activations take about 1 GiB. Throws
/// Error(kInvalidArgument) for a model that streams its layers, Error(kNumerical) naming the layer where a gradient is
/// not finite.
[[nodiscard]] std::vector<MatrixF> loss_metrics(const CausalLm& model, const torch::Tensor& ids, Progress& progress);

/// Throws as above for a model that streams.
void require_backward_pass(const CausalLm& model);

}  // namespace prunenet
