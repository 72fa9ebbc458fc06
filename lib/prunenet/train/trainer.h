#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "prunenet/core/rng.h"
#include "prunenet/policy/keep_set.h"
#include "prunenet/policy/network.h"
#include "prunenet/train/environment.h"
#include "prunenet/train/options.h"
#include "prunenet/train/trainer_state.h"

namespace prunenet {

/// One validation: mean over layers and fixed ratios of the reward of the deterministic keep-set, on the held-out
/// probe.
struct CurvePoint {
  std::int64_t step = 0;
  double train_reward = 0.0;  ///< mean reward of the samples since the point before
  double validation_reward = 0.0;
  double score_spread = 0.0;  ///< mean over layers of the standard deviation of z: large means little entropy
  double seconds = 0.0;       ///< of training, resumed runs added up
};

/// One object with these fields a point.
[[nodiscard]] nlohmann::json to_json(const std::vector<CurvePoint>& curve);

/// Policy gradient over Plackett-Luce keep-sets, by one of two estimators (see policy/keep_set.h):
/// - rloo: the gradient of  mean over samples m of  advantage_m * log p(ranking_m, kept);
/// - conditional: the gradient of  sum over neurons i of  w_i z_i,  w_i = mean_m dP(i kept)/dz_i * (reward with i minus
///   reward without i).
/// One step draws a ratio and a batch of layers; a feature that is 0 in every layer has no weight. See DESIGN
/// "Training" and experiments/ablation.
class Trainer {
 public:
  /// The environment must outlive the trainer, and have its features on `device`, where the policy is trained; the same
  /// seed draws the same noise there. Throws what `check` throws, and Error(kInvalidArgument) for a layer of
  /// fewer than two neurons, or folds that leave no layer to train on.
  Trainer(const Environment& environment, const TrainOptions& options, const torch::Device& device = torch::kCPU);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  [[nodiscard]] bool done() const { return step_ >= options_.steps; }
  [[nodiscard]] std::int64_t completed_steps() const { return step_; }
  /// One policy-gradient step; validates where it is due. Throws Error(kNumerical) where scores, loss, gradient or the
  /// policy after the step are not finite: what is kept and saved always is.
  void step();

  [[nodiscard]] const std::vector<CurvePoint>& curve() const { return curve_; }
  /// The policy with the best validation reward so far, on the CPU, and that reward.
  [[nodiscard]] PolicyNetwork best_policy() const;
  [[nodiscard]] double best_reward() const { return best_reward_; }

  [[nodiscard]] TrainerState state() const;
  /// Throws Error(kMismatch) where the state is of another network, or other options, Error(kBadInput) where it is
  /// damaged: the trainer is then good for nothing.
  void restore(const TrainerState& state);

 private:
  torch::Tensor layer_loss(std::int64_t layer, double ratio);
  torch::Tensor rloo_objective(std::int64_t layer, const torch::Tensor& scores, const RankingSamples& samples,
                               std::int64_t kept);
  torch::Tensor conditional_objective(std::int64_t layer, const torch::Tensor& scores, const RankingSamples& samples,
                                      std::int64_t kept);
  void record_rewards(const std::vector<double>& distortions);
  [[nodiscard]] std::vector<std::int64_t> draw_layers();
  [[nodiscard]] CurvePoint validate();
  void keep_if_best(double reward);

  const Environment& environment_;
  TrainOptions options_;
  std::vector<std::int64_t> layers_;  ///< those that train and validate
  Rng rng_;
  PolicyNetwork network_ = nullptr;
  PolicyNetwork best_ = nullptr;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  std::vector<CurvePoint> curve_;
  std::int64_t step_ = 0;
  double best_reward_ = 0.0;
  double reward_sum_ = 0.0;
  std::int64_t reward_count_ = 0;
  double seconds_ = 0.0;
};

}  // namespace prunenet
