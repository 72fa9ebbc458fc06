#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/tiny_models.h"
#include "prunenet/recover/recovery_trainer.h"
#include "prunenet/recover/student_weights.h"
#include "prunenet/teach/text_pool.h"

namespace prunenet::testing {

/// A tiny random model with weights to train.
struct TinyStudent {
  explicit TinyStudent(const RecoverOptions& options, const std::string& name = "llama-grouped-tied")
      : plain(load_tiny_model(name)),
        weights(std::make_shared<StudentWeights>(plain.weights().layers, plain.config(), options)),
        model(plain.config(), outer(), weights) {}

  [[nodiscard]] DecoderWeights outer() const {
    DecoderWeights all = plain.weights();
    all.layers.clear();
    return all;
  }
  [[nodiscard]] RecoveryTrainer trainer(const TaughtText& text, const RecoverOptions& options) const {
    return {plain.config(), outer(), weights, text, options};
  }

  CausalLm plain;
  std::shared_ptr<StudentWeights> weights;
  CausalLm model;
};

/// The same model with its neurons 0, 1, 2 of every ten zeroed: as if they had been pruned.
inline TinyStudent damaged_student(const RecoverOptions& options) {
  TinyStudent student(options);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : student.weights->parameters().named_parameters()) {
    if (parameter.key().find("down_proj_weight") == std::string::npos) continue;
    for (std::int64_t neuron = 0; neuron < parameter.value().size(1); ++neuron) {
      if (neuron % 10 < 3) parameter.value().select(1, neuron).zero_();
    }
  }
  return student;
}

/// Small enough for seconds.
inline RecoverOptions small_recovery() {
  RecoverOptions options;
  options.steps = 6;
  options.tokens = 64;
  options.micro_batch_tokens = 64;
  options.warmup_steps = 1;
  options.sampled_tokens = 256;
  options.held_out_tokens = 64;
  options.sequence_length = 17;
  options.top_logits = 8;
  options.validate_every = 3;
  return options;
}

inline TaughtText taught_by(const CausalLm& teacher, const RecoverOptions& options) {
  SilentProgress silent;
  return sample_taught_text(teacher, options, silent);
}

/// All parameters end to end.
inline torch::Tensor flat_parameters(const StudentWeights& weights) {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& parameter : weights.parameters().parameters())
    parts.push_back(parameter.detach().flatten());
  return torch::cat(parts);
}

}  // namespace prunenet::testing
