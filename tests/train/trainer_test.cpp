#include "prunenet/train/trainer.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "support/expect_error.h"
#include "train/synthetic_environment.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::SyntheticEnvironment;

TrainOptions small_options() {
  TrainOptions options;
  options.estimator = Estimator::kRloo;  // the synthetic environment's swaps are slow
  options.steps = 120;
  options.layers_per_step = 3;
  options.validate_every = 20;
  options.learning_rate = 1e-2;
  options.network = {.hidden = 16, .depth = 1};
  options.seed = 5;
  return options;
}

void run(Trainer& trainer, std::int64_t until = std::numeric_limits<std::int64_t>::max()) {
  while (!trainer.done() && trainer.completed_steps() < until) trainer.step();
}

void expect_same_parameters(const PolicyNetwork& a, const PolicyNetwork& b) {
  for (const auto& parameter : a->named_parameters()) {
    EXPECT_TRUE(torch::equal(parameter.value(), b->named_parameters()[parameter.key()])) << parameter.key();
  }
}

TEST(Trainer, FindsTheBestKeepSetsOfAKnownProblem) {
  const SyntheticEnvironment environment(6, 200, 1);
  const TrainOptions options = small_options();
  Trainer trainer(environment, options);
  run(trainer);
  const double best = environment.best_reward(options.validation_ratios);
  double random = 0.0;  // equal energies lost in proportion to the ratio
  for (const double ratio : options.validation_ratios) random -= std::log(ratio) / 3.0;
  EXPECT_GT(trainer.best_reward(), random + 0.95 * (best - random)) << "random " << random << ", best " << best;
  EXPECT_LE(trainer.best_reward(), best + 1e-9);
}

TEST(Trainer, ConditionalEstimatorFindsThemToo) {
  const SyntheticEnvironment environment(3, 40, 1);
  TrainOptions options = small_options();
  options.estimator = Estimator::kConditional;
  options.steps = 120;
  options.samples = 2;
  Trainer trainer(environment, options);
  run(trainer);
  const double best = environment.best_reward(options.validation_ratios);
  double random = 0.0;
  for (const double ratio : options.validation_ratios) random -= std::log(ratio) / 3.0;
  EXPECT_GT(trainer.best_reward(), random + 0.95 * (best - random)) << "random " << random << ", best " << best;
}

TEST(Trainer, SameSeedSamePolicyOtherSeedAnother) {
  const SyntheticEnvironment environment(4, 60, 2);
  TrainOptions options = small_options();
  Trainer first(environment, options);
  Trainer second(environment, options);
  options.seed = 6;
  Trainer other(environment, options);
  for (Trainer* trainer : {&first, &second, &other}) run(*trainer);
  expect_same_parameters(first.best_policy(), second.best_policy());
  EXPECT_NE(first.best_reward(), other.best_reward());
}

TEST(Trainer, ResumedRunEqualsTheUninterruptedOne) {
  const SyntheticEnvironment environment(4, 60, 3);
  const TrainOptions options = small_options();
  Trainer whole(environment, options);
  run(whole);
  Trainer first_half(environment, options);
  run(first_half, 53);  // between two validations
  Trainer second_half(environment, options);
  second_half.restore(first_half.state());
  EXPECT_EQ(second_half.completed_steps(), 53);
  run(second_half);
  expect_same_parameters(whole.best_policy(), second_half.best_policy());
  ASSERT_EQ(whole.curve().size(), second_half.curve().size());
  for (std::size_t i = 0; i < whole.curve().size(); ++i) {
    EXPECT_EQ(whole.curve()[i].validation_reward, second_half.curve()[i].validation_reward);
    EXPECT_EQ(whole.curve()[i].train_reward, second_half.curve()[i].train_reward);
  }
}

TEST(Trainer, ScorePenaltyKeepsTheScoresSmall) {
  const SyntheticEnvironment environment(4, 60, 4);
  TrainOptions options = small_options();
  options.score_penalty = 0.0;
  Trainer free(environment, options);
  options.score_penalty = 0.1;
  Trainer held(environment, options);
  run(free);
  run(held);
  EXPECT_LT(held.curve().back().score_spread, 0.5 * free.curve().back().score_spread);
}

/// The synthetic environment with its second feature silent, remembering which layers were asked about.
class WatchedEnvironment final : public Environment {
 public:
  explicit WatchedEnvironment(std::int64_t layers) : inner_(layers, 40, 1) {
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      features_.push_back(inner_.features(layer).clone());
      features_.back().select(1, 1).zero_();
    }
  }
  [[nodiscard]] std::int64_t num_layers() const override { return inner_.num_layers(); }
  [[nodiscard]] const torch::Tensor& features(std::int64_t layer) const override {
    return features_[static_cast<std::size_t>(layer)];
  }
  [[nodiscard]] std::vector<double> distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                std::int64_t kept) const override {
    asked.insert(layer);
    return inner_.distortions(layer, rankings, kept);
  }
  [[nodiscard]] SwapRewards swap_rewards(std::int64_t layer, const torch::Tensor& rankings,
                                         std::int64_t kept) const override {
    return inner_.swap_rewards(layer, rankings, kept);
  }
  [[nodiscard]] std::vector<double> held_out_distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                         std::int64_t kept) const override {
    return distortions(layer, rankings, kept);
  }

  mutable std::set<std::int64_t> asked;

 private:
  SyntheticEnvironment inner_;
  std::vector<torch::Tensor> features_;
};

TEST(Trainer, LeavesTheHeldOutFoldAlone) {
  TrainOptions options = small_options();
  options.folds = 3;
  options.held_out_fold = 1;
  const WatchedEnvironment environment(7);
  Trainer trainer(environment, options);
  run(trainer);
  EXPECT_EQ(environment.asked, (std::set<std::int64_t>{0, 2, 3, 5, 6}));
  options.held_out_fold = 0;
  options.folds = 2;
  expect_error(ErrorKind::kInvalidArgument, {"2 folds", "1 layers"}, [&] { Trainer(WatchedEnvironment(1), options); });
}

TEST(Trainer, GivesNoWeightToAFeatureThatSaysNothing) {
  const WatchedEnvironment environment(3);
  Trainer trainer(environment, small_options());
  run(trainer);
  const torch::Tensor weight = trainer.best_policy()->first_weight();
  EXPECT_EQ(weight.select(1, 1).abs().max().item<float>(), 0.0F);
  EXPECT_GT(weight.select(1, 0).abs().min().item<float>(), 0.0F);
}

TEST(Trainer, StateOfAnotherRunIsRefused) {
  const SyntheticEnvironment environment(4, 60, 5);
  TrainOptions options = small_options();
  const TrainerState state = Trainer(environment, options).state();
  options.network.hidden = 8;
  Trainer narrower(environment, options);
  expect_error(ErrorKind::kMismatch, {"another network"}, [&] { narrower.restore(state); });
  options = small_options();
  options.steps = 7;
  Trainer shorter(environment, options);
  expect_error(ErrorKind::kMismatch, {"120 steps", "7 are asked"}, [&] { shorter.restore(state); });
  expect_error(ErrorKind::kMismatch, {"no field"}, [&] { shorter.restore(TrainerState{}); });
}

TEST(Trainer, DamagedStatesAreRefused) {
  const SyntheticEnvironment environment(2, 6, 1);
  const TrainOptions options = small_options();
  Trainer trainer(environment, options);
  trainer.step();
  const TrainerState good = trainer.state();
  const auto refused = [&](std::initializer_list<std::string> fragments, const std::string& field,
                           const std::string& text) {
    TrainerState state = good;
    state.text[field] = text;
    expect_error(ErrorKind::kBadInput, fragments, [&] { trainer.restore(state); });
  };
  const auto progress = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json object = nlohmann::json::parse(good.text.at("progress"));
    object[key] = value;
    return object.dump();
  };
  EXPECT_NO_THROW(trainer.restore(good));
  refused({"'progress'", "not valid JSON"}, "progress", "{");
  refused({"[] is not an object"}, "progress", "[]");
  refused({"step", "is missing"}, "progress", "{}");
  refused({"step", "121", "[0, 120]"}, "progress", progress("step", options.steps + 1));
  refused({"step", "-1"}, "progress", progress("step", -1));
  refused({"step", "1e+300"}, "progress", progress("step", 1e300));
  refused({"seconds", "\"x\""}, "progress", progress("seconds", "x"));
  refused({"reward_count"}, "progress", progress("reward_count", true));
  refused({"'curve'", "nested deeper"}, "curve", std::string(100, '['));
  refused({"1 is not an object"}, "curve", "[1]");
  refused({"last step", "no curve"}, "progress", progress("step", options.steps));
  refused({"random number state"}, "random", "1 2 3");
}

TEST(TrainOptions, EveryFieldHasItsRange) {
  const auto expect_refused = [](const char* field, auto change) {
    TrainOptions options;
    change(options);
    expect_error(ErrorKind::kInvalidArgument, {field}, [&] { check(options); });
  };
  EXPECT_NO_THROW(check(TrainOptions{}));
  expect_refused("steps", [](auto& o) { o.steps = 0; });
  expect_refused("layers_per_step", [](auto& o) { o.layers_per_step = 0; });
  expect_refused("samples", [](auto& o) { o.samples = 1; });
  expect_refused("ratio_min", [](auto& o) { o.ratio_min = 0.0; });
  expect_refused("ratio_max", [](auto& o) { o.ratio_max = 0.01; });
  expect_refused("learning_rate", [](auto& o) { o.learning_rate = 0.0; });
  expect_refused("weight_decay", [](auto& o) { o.weight_decay = -1.0; });
  expect_refused("gradient_clip", [](auto& o) { o.gradient_clip = 0.0; });
  expect_refused("score_penalty", [](auto& o) { o.score_penalty = -1.0; });
  expect_refused("validate_every", [](auto& o) { o.validate_every = 0; });
  expect_refused("folds", [](auto& o) { o.folds = 0; });
  expect_refused("held_out_fold", [](auto& o) { o.held_out_fold = 1; });
  expect_refused("validation_ratios", [](auto& o) { o.validation_ratios = {1.0}; });
  expect_refused("learning_rate", [](auto& o) { o.learning_rate = std::numeric_limits<double>::quiet_NaN(); });
}

}  // namespace
}  // namespace prunenet
