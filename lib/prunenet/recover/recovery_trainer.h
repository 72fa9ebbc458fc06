#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/recover/options.h"
#include "prunenet/recover/student_weights.h"
#include "prunenet/teach/sequence_order.h"
#include "prunenet/teach/text_pool.h"
#include "prunenet/train/trainer_state.h"

namespace prunenet {

/// One validation. Losses are in nats a token.
struct RecoveryPoint {
  std::int64_t step = 0;
  double training_divergence = 0.0;  ///< KL(teacher || student), mean since the point before; 0 at step 0
  double training_next_token = 0.0;  ///< likewise, of outside text; 0 where the loss has no such term
  double held_out_divergence = 0.0;  ///< on sequences that are not trained on
  double learning_rate = 0.0;        ///< of the last step
  std::int64_t tokens = 0;           ///< read so far
  double seconds = 0.0;              ///< of training so far, resumed runs added up
  double processor_seconds = 0.0;    ///< likewise, of all threads
};

/// One object with these fields a point.
[[nodiscard]] nlohmann::json to_json(const std::vector<RecoveryPoint>& curve);

/// Knowledge distillation on a pool of text: AdamW on what StudentWeights holds. A step reads whole sequences in an
/// order that the seed decides anew each time the pool ends.
class RecoveryTrainer {
 public:
  /// `outer` is all of the student but its layers. Text and weights are shared with the caller. Throws what `check`
  /// throws, Error(kInvalidArgument) for a pool without text, Error(kMismatch) for text of another vocabulary.
  RecoveryTrainer(const ModelConfig& config, DecoderWeights outer, std::shared_ptr<StudentWeights> weights,
                  const TaughtText& text, const RecoverOptions& options,
                  double time_limit_seconds = std::numeric_limits<double>::infinity());

  /// All steps are taken, or the time is up. With a time limit the rate falls with whichever is nearer.
  [[nodiscard]] bool done() const { return share_done() >= 1.0; }
  [[nodiscard]] std::int64_t completed_steps() const { return step_; }
  /// One optimizer step; validates where it is due, and before the first. `progress` advances by tokens, and may stop
  /// it between micro-batches: then the step has not been taken. Throws Error(kNumerical) naming the step where loss or
  /// gradient are not finite, before anything has changed, or where the weights are not after it.
  void step(Progress& progress);
  [[nodiscard]] std::int64_t tokens_per_step() const;
  /// False after a step that has spoilt the weights: then there is nothing to save.
  [[nodiscard]] bool weights_are_finite() const;

  [[nodiscard]] const std::vector<RecoveryPoint>& curve() const { return curve_; }
  [[nodiscard]] const CausalLm& student() const { return student_; }

  [[nodiscard]] TrainerState state() const;
  /// Throws Error(kMismatch) where the state is of other weights, Error(kBadInput) where it is damaged: the trainer is
  /// then good for nothing.
  void restore(const TrainerState& state);

 private:
  struct Sums {
    double divergence = 0.0;
    double next_token = 0.0;
    std::int64_t tokens = 0;
    std::int64_t next_tokens = 0;
  };
  [[nodiscard]] double share_done() const;
  void accumulate(const TaughtBatch& batch, double tokens_of_step);
  void update();
  [[nodiscard]] double held_out_divergence() const;
  void validate();

  RecoverOptions options_;
  double time_limit_;
  std::shared_ptr<StudentWeights> weights_;
  CausalLm student_;
  const TaughtText& text_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  SequenceOrder order_;
  std::vector<RecoveryPoint> curve_;
  Sums sums_;  ///< since the last point
  std::int64_t step_ = 0;
  std::int64_t tokens_ = 0;
  double rate_ = 0.0;
  double seconds_ = 0.0;
  double processor_seconds_ = 0.0;
};

}  // namespace prunenet
