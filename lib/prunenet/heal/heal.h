#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/core/progress.h"
#include "prunenet/heal/fit.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/plan/plan.h"
#include "prunenet/probe/text.h"

namespace prunenet {

/// How the kept columns of the down projections are refitted to make up for the removed ones.
struct HealOptions {
  /// alpha: the share of what pruning has changed in the stream so far that a layer is also asked to make up for.
  double correction = 1.0;
  /// Of which each layer takes the one with the least error on held-out tokens.
  std::vector<double> lambdas = {1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0, 3.0};
};

/// The down projection of one layer of a pruned model, refitted.
struct HealedLayer {
  MatrixF down;       ///< d x k
  VectorF down_bias;  ///< d; empty where the layer has none
  FitQuality quality;
};

/// Takes the layers in their order, each when it is finished.
using HealSink = std::function<void(std::int64_t layer, const HealedLayer& healed)>;

/// What will be left of a healed layer in the output, whose element type may be narrower than float. Layers above are
/// fitted to that.
using StoredLayer = std::function<HealedLayer(std::int64_t layer, HealedLayer healed)>;

/// Throws Error(kInvalidArgument) where a correction is outside [0, 1], there is no lambda, or one is negative or not
/// finite.
void check(const HealOptions& options);

/// Throws Error(kInvalidArgument) where fewer tokens are fitted than neurons kept: their second moments are singular,
/// and what is fitted to them is the sample.
void require_tokens(const Plan& plan, std::int64_t tokens);

/// A cut projection and its bias (empty: none), with what was fitted.
[[nodiscard]] HealedLayer healed_layer(MatrixF down, VectorF bias, const ChosenFit& fit);

/// Memory of `heal_sequentially` beside the model: states of the tokens, responses and moments of one layer.
[[nodiscard]] std::uint64_t healing_bytes(const ModelConfig& config, const Plan& plan, std::int64_t tokens);

/// Refits all down projections, layer by layer, on text that the dense model has sampled. Two streams run over the
/// text side by side, the dense model's and that of the model pruned and healed so far. In each layer the pruned
/// stream's own kept responses h' (of its own FFN input) are fitted to
///
///     t = D h + alpha (s - s') / m,
///
/// the dense response, and alpha times the distance that the dense stream s is ahead of the pruned one s' before their
/// FFNs write; m is the residual multiplier. With alpha = 1, t is what brings the pruned stream behind the layer to the
/// dense one's. Where a norm stands between D h and the stream, alpha is 0.
///
/// The model may stream; its layers are asked for once. Reports tokens. Throws what `check`, `require_tokens` and
/// `check_plan_fits` throw, Error(kNumerical) naming a layer with states that are not finite, and what `stored`
/// and `sink` throw.
void heal_sequentially(const CausalLm& model, const Plan& plan, const ProbeText& text, const HealOptions& options,
                       const StoredLayer& stored, const HealSink& sink, Progress& progress);

}  // namespace prunenet
