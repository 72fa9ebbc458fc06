#include "prunenet/recover/recovery_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/teach/student_pass.h"
#include "prunenet/train/learning_rate.h"

namespace prunenet {

namespace {

void check_pool(const TextPool& pool, const ModelConfig& config) {
  if (pool.sequences() == 0) return;
  const auto largest = std::max(pool.ids.max().item<std::int64_t>(), pool.top_ids.max().item<std::int64_t>());
  const auto least = std::min(pool.ids.min().item<std::int64_t>(), pool.top_ids.min().item<std::int64_t>());
  if (least >= 0 && largest < config.vocab_size && pool.top_ids.size(2) <= config.vocab_size) return;
  throw Error(ErrorKind::kMismatch,
              fmt::format("the text has tokens from {} to {}, but the student's vocabulary is of {}", least, largest,
                          config.vocab_size));
}

double mean(double sum, std::int64_t count) {
  return count > 0 ? sum / static_cast<double>(count) : 0.0;
}

RecoveryPoint recovery_point(const nlohmann::json& object) {
  const ConfigFields fields = state_fields(object);
  return {.step = fields.integer("step", 0, kLargestCount),
          .training_divergence = fields.number("training_divergence", -kLargestNumber, kLargestNumber),
          .training_next_token = fields.number("training_next_token", -kLargestNumber, kLargestNumber),
          .held_out_divergence = fields.number("held_out_divergence", -kLargestNumber, kLargestNumber),
          .learning_rate = fields.number("learning_rate", 0.0, kLargestNumber),
          .tokens = fields.integer("tokens", 0, kLargestCount),
          .seconds = fields.number("seconds", 0.0, kLargestNumber),
          .processor_seconds = fields.number("processor_seconds", 0.0, kLargestNumber)};
}

}  // namespace

nlohmann::json to_json(const std::vector<RecoveryPoint>& curve) {
  nlohmann::json points = nlohmann::json::array();
  for (const RecoveryPoint& point : curve) {
    points.push_back({{"step", point.step},
                      {"training_divergence", point.training_divergence},
                      {"training_next_token", point.training_next_token},
                      {"held_out_divergence", point.held_out_divergence},
                      {"learning_rate", point.learning_rate},
                      {"tokens", point.tokens},
                      {"seconds", point.seconds},
                      {"processor_seconds", point.processor_seconds}});
  }
  return points;
}

RecoveryTrainer::RecoveryTrainer(const ModelConfig& config, DecoderWeights outer,
                                 std::shared_ptr<StudentWeights> weights, const TaughtText& text,
                                 const RecoverOptions& options, double time_limit_seconds)
    : options_(options),
      time_limit_(time_limit_seconds),
      weights_(std::move(weights)),
      student_(config, std::move(outer), weights_),
      text_(text),
      order_(text.training.sequences(), options.seed) {
  check(options_);
  check_pool(text_.training, config);
  check_pool(text_.held_out, config);
  if (text_.training.sequences() == 0) {
    throw Error(ErrorKind::kInvalidArgument,
                "there is no text to train on: 'sampled_tokens' is 0, and there is no outside text");
  }
  constexpr double kBeta1 = 0.9;
  optimizer_ = std::make_unique<torch::optim::AdamW>(weights_->parameters().parameters(),
                                                     torch::optim::AdamWOptions(options_.learning_rate)
                                                         .betas({kBeta1, options_.beta2})
                                                         .weight_decay(options_.weight_decay));
}

double RecoveryTrainer::share_done() const {
  const double of_steps = static_cast<double>(step_) / static_cast<double>(options_.steps);
  return std::min(1.0, std::max(of_steps, seconds_ / time_limit_));
}

std::int64_t RecoveryTrainer::tokens_per_step() const {
  return text_.training.sequences_of(options_.tokens) * text_.training.sequence_tokens();
}

void RecoveryTrainer::accumulate(const TaughtBatch& batch, double tokens_of_step) {
  StudentPass pass(student_, batch.ids, options_.gradient_checkpoints);
  const DistillationLoss loss =
      distillation_loss(pass.states(), student_.logit_rule(), batch.teacher, batch.next,
                        {.temperature = options_.temperature, .next_token_weight = options_.next_token_weight}, true);
  if (!std::isfinite(loss.divergence + loss.next_token)) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("the loss is {} at step {} of {}; lower 'learning_rate' ({})",
                            loss.divergence + loss.next_token, step_ + 1, options_.steps, options_.learning_rate));
  }
  pass.backward(loss.gradient / tokens_of_step);
  sums_.divergence += loss.divergence;
  sums_.next_token += loss.next_token;
  sums_.tokens += batch.ids.numel();
  sums_.next_tokens += batch.next.ge(0).sum().item<std::int64_t>();
}

void RecoveryTrainer::update() {
  const double norm = torch::nn::utils::clip_grad_norm_(weights_->parameters().parameters(), options_.gradient_clip);
  if (!std::isfinite(norm)) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("the gradient has norm {} at step {} of {}; lower 'learning_rate' ({})", norm, step_ + 1,
                            options_.steps, options_.learning_rate));
  }
  rate_ = cosine_rate(options_.learning_rate, step_, options_.warmup_steps, share_done());
  set_learning_rate(*optimizer_, rate_);
  optimizer_->step();
  if (!weights_are_finite()) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("weights are not finite after step {} of {}; lower 'learning_rate' ({})", step_ + 1,
                            options_.steps, options_.learning_rate));
  }
}

bool RecoveryTrainer::weights_are_finite() const {
  return is_finite(weights_->parameters());
}

void RecoveryTrainer::step(Progress& progress) {
  if (curve_.empty()) validate();
  const Stopwatch watch;
  const double processor_start = processor_seconds();
  const Sums before = sums_;
  const std::int64_t count = text_.training.sequences_of(options_.tokens);
  const torch::Tensor sequences = order_.take(step_ * count, count);
  const auto tokens = static_cast<double>(tokens_per_step());
  optimizer_->zero_grad();
  try {
    for (const torch::Tensor& part : sequences.split(text_.training.sequences_of(options_.micro_batch_tokens))) {
      accumulate(text_.training.batch(part), tokens);
      progress.advance(static_cast<std::uint64_t>(part.numel() * text_.training.sequence_tokens()));
    }
    update();
  } catch (...) {
    sums_ = before;
    throw;
  }
  ++step_;
  tokens_ += tokens_per_step();
  seconds_ += watch.seconds();
  processor_seconds_ += processor_seconds() - processor_start;
  if (step_ % options_.validate_every == 0 || done()) validate();
}

double RecoveryTrainer::held_out_divergence() const {
  const std::int64_t count = text_.held_out.sequences();
  double divergence = 0.0;
  for (const torch::Tensor& part :
       torch::arange(count, torch::kInt64).split(text_.held_out.sequences_of(options_.micro_batch_tokens))) {
    const TaughtBatch batch = text_.held_out.batch(part);
    divergence += distillation_loss(student_states(student_, batch.ids), student_.logit_rule(), batch.teacher,
                                    batch.next, {.temperature = options_.temperature}, false)
                      .divergence;
  }
  return mean(divergence, text_.held_out.tokens());
}

void RecoveryTrainer::validate() {
  const Stopwatch watch;
  const double processor_start = processor_seconds();
  const double divergence = held_out_divergence();
  seconds_ += watch.seconds();
  processor_seconds_ += processor_seconds() - processor_start;
  curve_.push_back({.step = step_,
                    .training_divergence = mean(sums_.divergence, sums_.tokens),
                    .training_next_token = mean(sums_.next_token, sums_.next_tokens),
                    .held_out_divergence = divergence,
                    .learning_rate = rate_,
                    .tokens = tokens_,
                    .seconds = seconds_,
                    .processor_seconds = processor_seconds_});
  sums_ = {};
}

TrainerState RecoveryTrainer::state() const {
  TrainerState state;
  state.store("student.", weights_->parameters());
  state.store_moments(weights_->parameters(), *optimizer_);
  state.text = {{"progress", nlohmann::json{{"step", step_},
                                            {"tokens", tokens_},
                                            {"learning_rate", rate_},
                                            {"divergence", sums_.divergence},
                                            {"next_token", sums_.next_token},
                                            {"divergence_tokens", sums_.tokens},
                                            {"next_token_tokens", sums_.next_tokens},
                                            {"seconds", seconds_},
                                            {"processor_seconds", processor_seconds_}}
                                 .dump()},
                {"curve", to_json(curve_).dump()}};
  return state;
}

void RecoveryTrainer::restore(const TrainerState& state) {
  const nlohmann::json object = state.json_of("progress");
  const ConfigFields progress = state_fields(object);
  step_ = progress.integer("step", 0, kLargestCount);
  tokens_ = progress.integer("tokens", 0, kLargestCount);
  rate_ = progress.number("learning_rate", 0.0, kLargestNumber);
  sums_ = {.divergence = progress.number("divergence", -kLargestNumber, kLargestNumber),
           .next_token = progress.number("next_token", -kLargestNumber, kLargestNumber),
           .tokens = progress.integer("divergence_tokens", 0, kLargestCount),
           .next_tokens = progress.integer("next_token_tokens", 0, kLargestCount)};
  seconds_ = progress.number("seconds", 0.0, kLargestNumber);
  processor_seconds_ = progress.number("processor_seconds", 0.0, kLargestNumber);
  state.load("student.", weights_->parameters());
  state.load_moments(weights_->parameters(), *optimizer_, step_);
  curve_.clear();
  for (const auto& point : state.json_of("curve")) curve_.push_back(recovery_point(point));
  if (step_ > 0 && curve_.empty()) reject("the training state", "has steps, but no curve");
}

}  // namespace prunenet
