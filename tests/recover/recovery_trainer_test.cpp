#include "prunenet/recover/recovery_trainer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "prunenet/teach/student_pass.h"
#include "recover/tiny_student.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::damaged_student;
using testing::expect_error;
using testing::flat_parameters;
using testing::small_recovery;
using testing::taught_by;
using testing::TinyStudent;

void run(RecoveryTrainer& trainer, std::int64_t until = 1 << 20) {
  SilentProgress silent;
  while (!trainer.done() && trainer.completed_steps() < until) trainer.step(silent);
}

torch::Tensor trained(const RecoverOptions& options, const TaughtText& text) {
  const TinyStudent student = damaged_student(options);
  RecoveryTrainer trainer = student.trainer(text, options);
  run(trainer);
  return flat_parameters(*student.weights);
}

TEST(RecoveryTrainer, GradientIsThatOfFiniteDifferences) {
  for (const Adaptation train : {Adaptation::kFull, Adaptation::kLora}) {
    RecoverOptions options = small_recovery();
    options.train = train;
    const TinyStudent student(options);
    {
      const torch::NoGradGuard no_grad;
      torch::manual_seed(5);
      for (const torch::Tensor& parameter : student.weights->parameters().parameters()) {
        parameter.add_(torch::randn_like(parameter) * 0.05);
      }
    }
    const TaughtText text = taught_by(student.plain, options);
    const TaughtBatch batch = text.training.batch(torch::arange(4, torch::kInt64));
    const DistillationRule rule;
    const auto loss = [&](bool with_gradient) {
      StudentPass pass(student.model, batch.ids, false);
      const DistillationLoss found =
          distillation_loss(pass.states(), student.model.logit_rule(), batch.teacher, batch.next, rule, with_gradient);
      if (with_gradient) pass.backward(found.gradient);
      return found.divergence;
    };
    const double at = loss(true);
    double squared = 0.0;
    for (const torch::Tensor& parameter : student.weights->parameters().parameters()) {
      squared += parameter.grad().square().sum().item<double>();
    }
    const double slope = std::sqrt(squared);  // along the gradient
    const double step = 0.003 * at / slope;
    const auto moved = [&](double by) {
      const torch::NoGradGuard no_grad;
      for (const torch::Tensor& parameter : student.weights->parameters().parameters()) {
        parameter.add_(parameter.grad(), by / slope);
      }
      return loss(false);
    };
    const double up = moved(step);
    const double down = moved(-2.0 * step);
    // Rounding of float in the loss, about 1e-7 of it, over a change of 0.6 %; the rest is the third derivative.
    EXPECT_NEAR((up - down) / (2.0 * step) / slope, 1.0, 2e-3) << to_string(train);
  }
}

TEST(RecoveryTrainer, InBfloat16ItLearnsAlmostTheSame) {
  RecoverOptions options = small_recovery();
  options.steps = 40;
  options.learning_rate = 3e-3;
  const auto learnt = [&options](const TaughtText& text) {
    const TinyStudent student = damaged_student(options);
    RecoveryTrainer trainer = student.trainer(text, options);
    run(trainer);
    for (const torch::Tensor& parameter : student.weights->parameters().parameters()) {
      EXPECT_EQ(parameter.scalar_type(), torch::kFloat32);
    }
    return 1.0 - trainer.curve().back().held_out_divergence / trainer.curve().front().held_out_divergence;
  };
  const TaughtText text = taught_by(TinyStudent(options).plain, options);
  const double whole = learnt(text);
  options.precision = Precision::kBfloat16;
  const double half = learnt(text);
  EXPECT_NE(whole, half) << "nothing was rounded";
  EXPECT_NEAR(half / whole, 1.0, 0.05) << "of the divergence, float32 took away " << whole;
}

TEST(RecoveryTrainer, LearnsWhatTheTeacherSays) {
  RecoverOptions options = small_recovery();
  options.steps = 40;
  options.learning_rate = 3e-3;
  const TinyStudent student = damaged_student(options);
  const TaughtText text = taught_by(student.plain, options);
  RecoveryTrainer trainer = student.trainer(text, options);
  run(trainer);
  const auto& curve = trainer.curve();
  EXPECT_EQ(curve.front().step, 0);
  EXPECT_EQ(curve.back().step, 40);
  EXPECT_EQ(curve.back().tokens, 40 * 64);
  EXPECT_LT(curve.back().held_out_divergence, 0.6 * curve.front().held_out_divergence);
  EXPECT_GE(curve.back().processor_seconds, 0.0);
}

TEST(RecoveryTrainer, TwoHalvesOfAMicroBatchAreTheWhole) {
  RecoverOptions options = small_recovery();
  options.steps = 1;
  const TaughtText text = taught_by(testing::load_tiny_model(), options);
  const auto gradient = [&](std::int64_t micro_batch, bool checkpoints) {
    options.micro_batch_tokens = micro_batch;
    options.gradient_checkpoints = checkpoints;
    const TinyStudent student = damaged_student(options);
    RecoveryTrainer trainer = student.trainer(text, options);
    run(trainer);
    std::vector<torch::Tensor> parts;
    for (const torch::Tensor& parameter : student.weights->parameters().parameters())
      parts.push_back(parameter.grad().flatten());
    return torch::cat(parts);
  };
  const torch::Tensor whole = gradient(64, false);
  const double residual = testing::largest_difference(whole, gradient(32, false));
  EXPECT_LT(residual, 1e-5 * whole.abs().max().item<double>()) << "another order of the same sums";
  EXPECT_GT(whole.abs().max().item<double>(), 0.0);
  EXPECT_TRUE(torch::equal(whole, gradient(64, true)));
}

TEST(RecoveryTrainer, InterruptedTrainingResumesToTheSameBits) {
  for (const Adaptation train : {Adaptation::kFull, Adaptation::kLora}) {
    RecoverOptions options = small_recovery();
    options.train = train;
    const TaughtText text = taught_by(testing::load_tiny_model(), options);
    const TinyStudent whole(options);
    RecoveryTrainer uninterrupted = whole.trainer(text, options);
    run(uninterrupted);

    const TinyStudent first(options);
    RecoveryTrainer stopped = first.trainer(text, options);
    run(stopped, 4);
    const TinyStudent second(options);
    RecoveryTrainer resumed = second.trainer(text, options);
    resumed.restore(stopped.state());
    EXPECT_EQ(resumed.completed_steps(), 4);
    run(resumed);
    EXPECT_TRUE(torch::equal(flat_parameters(*second.weights), flat_parameters(*whole.weights))) << to_string(train);
    ASSERT_EQ(resumed.curve().size(), uninterrupted.curve().size());
    EXPECT_EQ(resumed.curve().back().held_out_divergence, uninterrupted.curve().back().held_out_divergence);
    EXPECT_EQ(resumed.curve().back().training_divergence, uninterrupted.curve().back().training_divergence);
  }
}

/// Stops at the second report of a step's tokens.
class StopsOnce final : public Progress {
 public:
  void begin(std::string_view /*stage*/, std::string_view /*unit*/, std::uint64_t /*total*/) override {}
  void advance(std::uint64_t /*units*/) override {
    if (++calls_ == 2) throw Error(ErrorKind::kInterrupted, "stopped");
  }
  void status(std::string_view /*text*/) override {}
  void note(std::string_view /*text*/) override {}
  void warn(std::string_view /*text*/) override {}

 private:
  int calls_ = 0;
};

TEST(RecoveryTrainer, AStepThatIsInterruptedHasNotBeenTaken) {
  RecoverOptions options = small_recovery();
  options.micro_batch_tokens = 16;
  const TaughtText text = taught_by(testing::load_tiny_model(), options);
  const torch::Tensor expected = trained(options, text);
  const TinyStudent student = damaged_student(options);
  RecoveryTrainer trainer = student.trainer(text, options);
  StopsOnce stops;
  expect_error(ErrorKind::kInterrupted, {"stopped"}, [&] { trainer.step(stops); });
  EXPECT_EQ(trainer.completed_steps(), 0);
  run(trainer);
  EXPECT_TRUE(torch::equal(flat_parameters(*student.weights), expected));
}

TEST(RecoveryTrainer, ALossThatIsNotFiniteNamesItsStepAndChangesNothing) {
  const RecoverOptions options = small_recovery();
  const TinyStudent student = damaged_student(options);
  const TaughtText text = taught_by(student.plain, options);
  RecoveryTrainer trainer = student.trainer(text, options);
  run(trainer, 2);
  const torch::Tensor good = text.training.log_probabilities.clone();
  text.training.log_probabilities.fill_(NAN);
  const torch::Tensor before = flat_parameters(*student.weights);
  SilentProgress silent;
  expect_error(ErrorKind::kNumerical, {"nan", "step 3 of 6", "learning_rate"}, [&] { trainer.step(silent); });
  EXPECT_TRUE(trainer.weights_are_finite());
  EXPECT_TRUE(torch::equal(flat_parameters(*student.weights), before));
  EXPECT_EQ(trainer.completed_steps(), 2);
  text.training.log_probabilities.copy_(good);
  EXPECT_NO_THROW(run(trainer));
}

TEST(RecoveryTrainer, WeightsThatOverflowAreReported) {
  RecoverOptions options = small_recovery();
  options.learning_rate = 1e36;
  options.warmup_steps = 0;
  const TinyStudent student(options);
  const TaughtText text = taught_by(student.plain, options);
  RecoveryTrainer trainer = student.trainer(text, options);
  expect_error(ErrorKind::kNumerical, {"step ", "of 6"}, [&] { run(trainer); });
}

TEST(RecoveryTrainer, EndsInGoodOrderWhenTimeIsUp) {
  RecoverOptions options = small_recovery();
  options.steps = 1 << 20;
  const TinyStudent student(options);
  const TaughtText text = taught_by(student.plain, options);
  RecoveryTrainer trainer(student.plain.config(), student.outer(), student.weights, text, options, 0.2);
  run(trainer);
  EXPECT_TRUE(trainer.done());
  EXPECT_LT(trainer.completed_steps(), options.steps);
  EXPECT_EQ(trainer.curve().back().step, trainer.completed_steps());
}

TEST(RecoveryTrainer, ReadsEverySequenceOnceBeforeAnyTwice) {
  RecoverOptions options = small_recovery();
  options.sampled_tokens = 5 * 16;
  options.tokens = 16;
  options.steps = 5;
  options.learning_rate = 1e-30;
  TinyStudent student(options);
  const TaughtText text = taught_by(student.plain, options);
  RecoveryTrainer trainer = student.trainer(text, options);
  run(trainer);
  const TaughtBatch all = text.training.batch(torch::arange(5, torch::kInt64));
  const double whole = distillation_loss(StudentPass(student.model, all.ids, false).states(),
                                         student.model.logit_rule(), all.teacher, all.next, {}, false)
                           .divergence;
  double mean = 0.0;
  std::int64_t last = 0;
  for (const RecoveryPoint& point : trainer.curve()) {
    mean += point.training_divergence * static_cast<double>(point.step - last);
    last = point.step;
  }
  EXPECT_NEAR(mean / 5.0, whole / 80.0, 1e-5);
}

TEST(RecoveryTrainer, TextAndStatesOfOthersAreRefused) {
  const RecoverOptions options = small_recovery();
  const TinyStudent student(options);
  TaughtText text = taught_by(student.plain, options);
  TaughtText foreign = text;
  foreign.training.ids = text.training.ids.clone().fill_(student.plain.config().vocab_size);
  expect_error(ErrorKind::kMismatch, {"vocabulary"}, [&] { (void)student.trainer(foreign, options); });
  const TaughtText nothing;
  expect_error(ErrorKind::kInvalidArgument, {"no text"}, [&] { (void)student.trainer(nothing, options); });

  RecoveryTrainer trainer = student.trainer(text, options);
  RecoverOptions fewer = options;
  fewer.targets = {"q_proj"};
  const TinyStudent other(fewer);
  expect_error(ErrorKind::kMismatch, {"k_proj"}, [&] { trainer.restore(other.trainer(text, fewer).state()); });
  TrainerState state = trainer.state();
  state.text["progress"] = "[]";
  expect_error(ErrorKind::kBadInput, {"training state"}, [&] { trainer.restore(state); });
  state = trainer.state();
  auto progress = nlohmann::json::parse(state.text["progress"]);
  progress["step"] = 3;
  state.text["progress"] = progress.dump();
  expect_error(ErrorKind::kBadInput, {"no curve"}, [&] { trainer.restore(state); });
}

}  // namespace
}  // namespace prunenet
