#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/core/rng.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/plan/budget.h"
#include "prunenet/policy/network.h"
#include "prunenet/refine/options.h"
#include "prunenet/teach/sequence_order.h"
#include "prunenet/teach/text_pool.h"
#include "prunenet/train/trainer_state.h"

namespace prunenet {

/// A dense model that a policy is refined on.
struct RefinedModel {
  CausalLm network;
  std::vector<torch::Tensor> features;  ///< of a layer's neurons, float [I, F]; a layer each
  TaughtText text;                      ///< that it sampled itself
};

/// One validation. Divergences are of the model pruned in all layers from the dense one, in nats a token.
struct RefinePoint {
  std::int64_t step = 0;
  double training_divergence = 0.0;   ///< of sampled keep-sets, mean since the point before; 0 at step 0
  double held_out_divergence = 0.0;   ///< of the policy's own keep-sets, on held-out text: mean over ratios and models
  std::vector<double> by_ratio = {};  ///< the same, of each validation ratio
  double score_spread = 0.0;          ///< mean over layers of the standard deviation of z
  double seconds = 0.0;               ///< of training so far, resumed runs added up
  double processor_seconds = 0.0;     ///< likewise, of all threads
};

/// One object with these fields a point.
[[nodiscard]] nlohmann::json to_json(const std::vector<RefinePoint>& curve);

/// Refines a policy on what pruning does to the whole model: the reward of keep-sets S of all layers is
/// -KL(dense || pruned) of the next token, on text that the dense model samples itself.
///
/// A step draws a ratio, and a keep-set a layer by Plackett-Luce with z / exploration (policy/keep_set.h). One backward
/// pass then gives for every neuron i of every layer what it does to the loss, to first order:
///   g_i = d KL / d m_i    where y = D (m * h), m in {0, 1}^I,
/// in the company of all that the other layers have lost. It takes the place of the reward difference of a swap in the
/// closed-form policy gradient:
///   d E[KL] / dz_i = E[ dP_i/dz_i (g_i - g) ],    dP_i/dz_i by `keep_probability_gradient`,
/// with the mean g of the layer, weighted by dP/dz, for the neuron that goes in its place. Models take turns.
///
/// That mean is also what one neuron more or less is worth to its layer. A budget is learned from it: with shares p of
/// layers as in plan/budget.h,
///   d KL / d b_l = I p_l (1 - p_l) (g_l - g),    g = sum_l p_l (1 - p_l) g_l / sum_l p_l (1 - p_l),
/// and 0 for a layer at its floor.
/// See docs/method.md, "Refinement", and experiments/refine.
class RefineTrainer {
 public:
  /// Models must outlive the trainer. Throws what `check` throws, Error(kInvalidArgument) for no models, layers of
  /// fewer than two neurons or folds that leave no layer to train, Error(kMismatch) where a network reads other
  /// features.
  /// `budget` is what a budget is learned from; none: uniform widths. It needs one model, and offsets for its layers.
  RefineTrainer(std::vector<RefinedModel>& models, const PolicyNetwork& start, const RefineOptions& options,
                const std::optional<Budget>& budget = {});

  [[nodiscard]] bool done() const { return step_ >= options_.steps; }
  [[nodiscard]] std::int64_t completed_steps() const { return step_; }
  [[nodiscard]] std::int64_t tokens_per_step() const;
  /// One policy-gradient step; validates where it is due, and before the first. `progress` advances by tokens, and may
  /// stop it between micro-batches: then the step has not been taken. Throws Error(kNumerical) naming the step where
  /// loss, gradient or policy are not finite.
  void step(Progress& progress);

  [[nodiscard]] const std::vector<RefinePoint>& curve() const { return curve_; }
  /// The policy with the least divergence on held-out text so far: the one it started from, if none is better.
  [[nodiscard]] const PolicyNetwork& best_policy() const { return best_->network; }
  /// Likewise, where a budget is learned.
  [[nodiscard]] Budget best_budget() const;
  [[nodiscard]] double best_divergence() const { return best_divergence_; }

  [[nodiscard]] TrainerState state() const;
  /// Throws Error(kMismatch) where the state is of another network, or another number of steps, Error(kBadInput) where
  /// it is damaged: the trainer is then good for nothing.
  void restore(const TrainerState& state);

 private:
  /// All that a refinement may change, as one module for optimizer and state.
  struct Learned : torch::nn::Module {
    Learned(const PolicyNetwork& start, const std::vector<double>& budget_offsets);
    PolicyNetwork network = nullptr;
    torch::Tensor offsets;  ///< of a budget, [layers]
  };
  /// What is drawn of one layer.
  struct DrawnLayer {
    torch::Tensor scores;         ///< z, [I], differentiable
    torch::Tensor mask;           ///< m, [I]; requires gradients
    torch::Tensor keep_gradient;  ///< dP/dz, float64 [I]
  };
  [[nodiscard]] bool learns_budget() const { return options_.learn == Refined::kBudget; }
  [[nodiscard]] Budget budget_of(const Learned& learned) const;
  /// Neurons that each layer keeps.
  [[nodiscard]] std::vector<std::int64_t> kept_counts(const RefinedModel& model, double ratio) const;
  [[nodiscard]] std::vector<DrawnLayer> draw(const RefinedModel& model, double ratio);
  [[nodiscard]] bool trains(std::size_t layer) const;
  [[nodiscard]] double divergence_of(const RefinedModel& model, const TaughtBatch& batch,
                                     const std::vector<DrawnLayer>& layers, double tokens_of_step) const;
  [[nodiscard]] torch::Tensor policy_loss(const std::vector<DrawnLayer>& layers) const;
  [[nodiscard]] torch::Tensor budget_loss(const std::vector<DrawnLayer>& layers, double ratio) const;
  /// Mean effect on the loss of the neurons at the border of a layer.
  [[nodiscard]] static double border_effect(const DrawnLayer& layer);
  [[nodiscard]] double rate() const;
  void update(const torch::Tensor& loss);
  [[nodiscard]] double held_out_divergence(const RefinedModel& model, double ratio);
  void validate();

  std::vector<RefinedModel>& models_;
  RefineOptions options_;
  Rng rng_;
  std::shared_ptr<Learned> learned_;
  std::shared_ptr<Learned> best_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  std::vector<SequenceOrder> orders_;  ///< a model each
  std::vector<RefinePoint> curve_;
  std::int64_t step_ = 0;
  double best_divergence_ = std::numeric_limits<double>::infinity();
  double divergence_sum_ = 0.0;  ///< since the last point
  std::int64_t divergence_steps_ = 0;
  double seconds_ = 0.0;
  double processor_seconds_ = 0.0;
};

}  // namespace prunenet
