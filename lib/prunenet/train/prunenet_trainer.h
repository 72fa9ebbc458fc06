#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/core/progress.h"
#include "prunenet/core/rng.h"
#include "prunenet/policy/prunenet_network.h"
#include "prunenet/train/prunenet_options.h"
#include "prunenet/train/trainer_state.h"

namespace prunenet {

/// What the published policy sees of a model: one matrix a layer, all of one shape, one row a neuron. Of a checkpoint:
/// the gate's rows, or those of the up projection where a block has no gate (`CheckpointRows`).
class NeuronRows {
 public:
  virtual ~NeuronRows() = default;
  [[nodiscard]] virtual std::int64_t num_layers() const = 0;
  [[nodiscard]] virtual std::int64_t hidden_size() const = 0;
  [[nodiscard]] virtual std::int64_t intermediate_size() const = 0;
  /// I x d; read anew at each call, so that memory holds one layer.
  [[nodiscard]] virtual MatrixF rows(std::int64_t layer) const = 0;
};

/// One episode: a keep-set drawn for every layer.
struct EpisodePoint {
  std::int64_t episode = 0;      ///< from 1
  double mean_ks = 0.0;          ///< over layers, of the drawn keep-sets
  double mean_reward = 0.0;      ///< over layers, of 1 / KS
  std::optional<double> loss{};  ///< mean over the layers whose step was taken; nothing where none was
  std::int64_t skipped = 0;      ///< layers whose gradient was not finite
  double seconds = 0.0;          ///< of training so far, resumed runs added up
};

/// `{episode, mean_ks, mean_reward, loss, skipped_steps, seconds}` each.
[[nodiscard]] nlohmann::json to_json(const std::vector<EpisodePoint>& curve);

/// Training of the PruneNet paper's policy, as its public code does it (`faithful`) or corrected; docs/method.md has
/// the differences. An episode draws a keep-set for every layer from the policy, computes 1 / KS between the singular
/// values of all rows and of the kept ones, and then takes one optimizer step a layer, in order. The policy as it is
/// after the episode with the largest sum of rewards is kept.
class PrunenetTrainer {
 public:
  /// `rows` must outlive the trainer. Throws what `check` and `published_kept_count` throw.
  PrunenetTrainer(const NeuronRows& rows, const PrunenetOptions& options);

  [[nodiscard]] bool done() const { return completed_episodes() >= options_.episodes; }
  [[nodiscard]] std::int64_t completed_episodes() const { return static_cast<std::int64_t>(curve_.size()); }
  /// One episode; `progress` advances by two units a layer. Throws Error(kNumerical) where the policy has come to
  /// nothing: keep probabilities that are not numbers, or a loss that is not finite where that cannot be passed over.
  void episode(Progress& progress);

  [[nodiscard]] const std::vector<EpisodePoint>& curve() const { return curve_; }
  /// The best policy so far; the first one where no episode is over.
  [[nodiscard]] PrunenetNetwork best_policy() const { return best_; }
  /// From 1; 0 where no episode is over.
  [[nodiscard]] std::int64_t best_episode() const { return best_episode_; }

  [[nodiscard]] TrainerState state() const;
  /// Throws Error(kMismatch) where the state is of another network or number of episodes, Error(kBadInput) where it is
  /// damaged: the trainer is then good for nothing.
  void restore(const TrainerState& state);

 private:
  struct Draw {
    torch::Tensor kept;  ///< int64 [k], in the order of drawing
    double ks = 0.0;
  };
  [[nodiscard]] Draw draw(std::int64_t layer);
  [[nodiscard]] std::vector<double> weights_of(const std::vector<double>& rewards) const;
  void update(const std::vector<Draw>& draws, const std::vector<double>& weights, EpisodePoint& point,
              Progress& progress);

  const NeuronRows& rows_;
  PrunenetOptions options_;
  std::int64_t kept_count_;
  Rng rng_;
  PrunenetNetwork network_ = nullptr;
  PrunenetNetwork best_ = nullptr;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  std::vector<VectorD> dense_spectra_;  ///< a layer, once it has been drawn for; never part of the state
  std::vector<double> reward_sums_;     ///< a layer, over episodes
  std::vector<EpisodePoint> curve_;
  std::int64_t steps_taken_ = 0;
  std::int64_t best_episode_ = 0;
  double best_reward_ = 0.0;
  double seconds_ = 0.0;
};

}  // namespace prunenet
