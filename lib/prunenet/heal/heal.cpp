#include "prunenet/heal/heal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/heal/moment_sums.h"
#include "prunenet/model/ffn_branch.h"
#include "prunenet/model/layer_pass.h"
#include "prunenet/model/matrix_tensor.h"
#include "prunenet/model/tokens_through_layers.h"

namespace prunenet {

namespace {

constexpr std::size_t kHeldOut = 1;

std::int64_t widest(const Plan& plan) {
  const std::vector<std::int64_t> widths = plan.widths();
  return widths.empty() ? 0 : std::ranges::max(widths);
}

/// The two streams, and the layer that they are in.
class SequentialHealing {
 public:
  SequentialHealing(const CausalLm& model, const Plan& plan, const HealOptions& options, const StoredLayer& stored,
                    const HealSink& sink, Progress& progress)
      : config_(model.config()),
        plan_(plan),
        options_(options),
        stored_(stored),
        sink_(sink),
        progress_(progress),
        passed_(config_.num_hidden_layers, progress) {}

  void run(const CausalLm& model, const ProbeText& text) {
    const std::array<torch::Tensor, 2> parts{text.training, text.held_out};
    TextBatches all = batches_of_texts(parts);
    part_of_ = std::move(all.text_of);
    progress_.begin("healing", "tokens", static_cast<std::uint64_t>(all.tokens));
    (void)model.through_layers(
        all.batches, [this](std::int64_t layer, const DecoderLayerWeights& weights, std::span<const ForwardPass> passes,
                            std::span<torch::Tensor> states) {
          located(fmt::format("layer {}", layer), [&] { heal_layer(layer, weights, passes, states); });
        });
  }

 private:
  void heal_layer(std::int64_t layer, const DecoderLayerWeights& weights, std::span<const ForwardPass> passes,
                  std::span<torch::Tensor> dense) {
    if (layer == 0) {
      for (const torch::Tensor& state : dense) pruned_.push_back(state.clone());
    }
    DecoderLayerWeights kept = keep_neurons(weights, plan_.keep_indices[static_cast<std::size_t>(layer)]);
    std::array<MomentSums, 2> sums{MomentSums(kept), MomentSums(kept)};
    std::vector<FfnBranch> branches;
    for (std::size_t i = 0; i < dense.size(); ++i) {
      const FfnBranch full = ffn_branch(passes[i], layer, weights, dense[i]);
      branches.push_back(ffn_branch(passes[i], layer, kept, pruned_[i]));
      sums[part_of_[i]].add(branches[i].h, error_of_cut(weights, kept, full, branches[i]), kept);
      dense[i] = add_ffn(config_, weights, full.stream, full.h);
      passed_.through_a_layer(full.h.size(0));
    }
    const HealedLayer healed = stored_(layer, fit(sums, kept));
    kept.down = tensor_of(healed.down).to(kept.down.device());
    if (kept.down_bias.defined()) kept.down_bias = tensor_of(healed.down_bias).to(kept.down.device());
    for (std::size_t i = 0; i < dense.size(); ++i) {
      pruned_[i] = add_ffn(config_, kept, branches[i].stream, branches[i].h);
    }
    sink_(layer, healed);
  }

  /// e = t - D_S h', [N, d]; biases are in both streams alike.
  [[nodiscard]] torch::Tensor error_of_cut(const DecoderLayerWeights& weights, const DecoderLayerWeights& kept,
                                           const FfnBranch& full, const FfnBranch& cut) const {
    torch::Tensor error = full.h.mm(weights.down.t()).sub_(cut.h.mm(kept.down.t()));
    const bool reaches_stream = !weights.ffn_post_norm.gain.defined();
    if (options_.correction > 0.0 && reaches_stream) {
      error.add_(full.stream - cut.stream, options_.correction / config_.residual_multiplier);
    }
    return error;
  }

  [[nodiscard]] HealedLayer fit(std::array<MomentSums, 2>& sums, const DecoderLayerWeights& kept) const {
    const FitMoments fitting = sums[0].take();
    const FitMoments held_out = sums[kHeldOut].take();
    const ChosenFit chosen = choose_fit(fitting, held_out, options_.lambdas);
    const VectorF bias = kept.down_bias.defined() ? vector_of(kept.down_bias) : VectorF();
    return healed_layer(matrix_of(kept.down), bias, chosen);
  }

  const ModelConfig& config_;
  const Plan& plan_;
  const HealOptions& options_;
  const StoredLayer& stored_;
  const HealSink& sink_;
  Progress& progress_;
  TokensThroughLayers passed_;
  std::vector<std::size_t> part_of_;   ///< of the text, a batch each
  std::vector<torch::Tensor> pruned_;  ///< states [N, d], a batch each
};

}  // namespace

void check(const HealOptions& options) {
  if (!(options.correction >= 0.0 && options.correction <= 1.0)) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("a correction of {} is outside [0, 1]", options.correction));
  }
  const auto bad =
      std::ranges::find_if_not(options.lambdas, [](double lambda) { return lambda >= 0.0 && std::isfinite(lambda); });
  if (options.lambdas.empty() || bad != options.lambdas.end()) {
    throw Error(ErrorKind::kInvalidArgument, options.lambdas.empty()
                                                 ? "there is no lambda to heal with"
                                                 : fmt::format("lambda {} is negative, or not finite", *bad));
  }
}

void require_tokens(const Plan& plan, std::int64_t tokens) {
  if (tokens >= widest(plan)) return;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("healing fits {} kept neurons of a layer to {} tokens, whose second moments are singular; "
                          "take at least {} tokens, better ten times as many",
                          widest(plan), tokens, widest(plan)));
}

HealedLayer healed_layer(MatrixF down, VectorF bias, const ChosenFit& fit) {
  down += fit.refit.weight.cast<float>();
  bias += fit.refit.bias.cast<float>();
  return {.down = std::move(down), .down_bias = std::move(bias), .quality = fit.quality};
}

std::uint64_t healing_bytes(const ModelConfig& config, const Plan& plan, std::int64_t tokens) {
  constexpr std::uint64_t kStreams = 4;  // dense and pruned, and each before the FFN
  constexpr std::uint64_t kMoments = 3;  // fitting, held out, and the factor
  const auto k = static_cast<std::uint64_t>(widest(plan));
  const auto d = static_cast<std::uint64_t>(config.hidden_size);
  const auto n = static_cast<std::uint64_t>(tokens);
  return n * (kStreams * d + k) * sizeof(float) + kMoments * k * (k + d) * sizeof(double);
}

void heal_sequentially(const CausalLm& model, const Plan& plan, const ProbeText& text, const HealOptions& options,
                       const StoredLayer& stored, const HealSink& sink, Progress& progress) {
  check(options);
  check_plan_fits(plan, model.config().num_hidden_layers, model.config().intermediate_size);
  require_tokens(plan, text.training.numel());
  SequentialHealing(model, plan, options, stored, sink, progress).run(model, text);
}

}  // namespace prunenet
