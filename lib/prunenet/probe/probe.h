#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/probe/moments.h"
#include "prunenet/probe/options.h"
#include "prunenet/probe/text.h"

namespace prunenet {

/// Response moments of every layer over all positions of `ids` [B, T]. Throws Error(kNumerical) naming the layer where
/// a response or its square is not finite.
[[nodiscard]] std::vector<ResponseMoments> collect_responses(const CausalLm& model, const torch::Tensor& ids,
                                                             const ProbeOptions& options, Progress& progress);

/// Both texts at once, layer by layer: memory is the states of all tokens (4 d bytes each), a layer of the model and
/// that layer's moments (4 I^2 bytes a text, also where they are then packed); a model that streams is read once.
/// Throws as above, and what `sink` throws.
void collect_responses(const CausalLm& model, const ProbeText& text, const ProbeOptions& options,
                       const MomentsSink& sink, Progress& progress);

}  // namespace prunenet
