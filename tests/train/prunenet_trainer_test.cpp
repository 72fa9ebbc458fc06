#include "prunenet/train/prunenet_trainer.h"

#include <gtest/gtest.h>

#include <limits>

#include "prunenet/train/prunenet_session.h"
#include "support/added_family.h"
#include "support/expect_error.h"
#include "support/recording_progress.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::RecordingProgress;

/// Random matrices in memory.
class RandomRows final : public NeuronRows {
 public:
  RandomRows(std::int64_t layers, std::int64_t intermediate_size, std::int64_t hidden_size, float scale = 0.1F) {
    Rng rng(9);
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      MatrixF matrix(intermediate_size, hidden_size);
      for (auto row : matrix.rowwise()) {
        const auto norm = static_cast<float>(std::exp(rng.normal()));
        for (float& value : row) value = scale * norm * static_cast<float>(rng.normal());
      }
      matrices_.push_back(std::move(matrix));
    }
  }
  [[nodiscard]] std::int64_t num_layers() const override { return static_cast<std::int64_t>(matrices_.size()); }
  [[nodiscard]] std::int64_t hidden_size() const override { return matrices_.front().cols(); }
  [[nodiscard]] std::int64_t intermediate_size() const override { return matrices_.front().rows(); }
  [[nodiscard]] MatrixF rows(std::int64_t layer) const override {
    return matrices_.at(static_cast<std::size_t>(layer));
  }

 private:
  std::vector<MatrixF> matrices_;
};

PrunenetOptions small_options(bool faithful) {
  PrunenetOptions options;
  options.episodes = 6;
  options.faithful = faithful;
  options.seed = 3;
  return options;
}

void run(PrunenetTrainer& trainer, std::int64_t until = std::numeric_limits<std::int64_t>::max()) {
  SilentProgress silent;
  while (!trainer.done() && trainer.completed_episodes() < until) trainer.episode(silent);
}

void expect_same_parameters(const PrunenetNetwork& a, const PrunenetNetwork& b) {
  for (const auto& parameter : a->named_parameters()) {
    EXPECT_TRUE(torch::equal(parameter.value(), b->named_parameters()[parameter.key()])) << parameter.key();
  }
}

class PrunenetTraining : public ::testing::TestWithParam<bool> {
 protected:
  RandomRows rows_{3, 40, 16};
  PrunenetOptions options_ = small_options(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Forms, PrunenetTraining, ::testing::Values(true, false),
                         [](const auto& form) { return form.param ? "Faithful" : "Corrected"; });

TEST_P(PrunenetTraining, TheCurveHasAPointAnEpisodeWithinItsBounds) {
  PrunenetTrainer trainer(rows_, options_);
  run(trainer);
  ASSERT_EQ(trainer.curve().size(), 6U);
  double best = 0.0;
  std::int64_t best_episode = 0;
  for (const EpisodePoint& point : trainer.curve()) {
    EXPECT_GT(point.mean_ks, 0.0);
    EXPECT_LE(point.mean_ks, 1.0);
    EXPECT_GE(point.mean_reward, 1.0 / point.mean_ks - 1e-9) << "Jensen: the mean of inverses";
    ASSERT_TRUE(point.loss.has_value());
    EXPECT_TRUE(std::isfinite(*point.loss));
    EXPECT_EQ(point.skipped, 0);
    if (point.mean_reward > best) {
      best = point.mean_reward;
      best_episode = point.episode;
    }
  }
  EXPECT_EQ(trainer.best_episode(), best_episode);
}

TEST_P(PrunenetTraining, SameSeedSamePolicyOtherSeedAnother) {
  PrunenetTrainer first(rows_, options_);
  PrunenetTrainer second(rows_, options_);
  options_.seed = 4;
  PrunenetTrainer other(rows_, options_);
  for (PrunenetTrainer* trainer : {&first, &second, &other}) run(*trainer);
  expect_same_parameters(first.best_policy(), second.best_policy());
  EXPECT_EQ(first.curve().back().mean_ks, second.curve().back().mean_ks);
  EXPECT_NE(first.curve().back().loss, other.curve().back().loss);
}

TEST_P(PrunenetTraining, TheBestPolicyIsTheOneAfterItsEpisode) {
  PrunenetTrainer whole(rows_, options_);
  run(whole);
  PrunenetTrainer until_best(rows_, options_);
  run(until_best, whole.best_episode());
  expect_same_parameters(whole.best_policy(), until_best.best_policy());
  PrunenetOptions none = options_;
  none.learning_rate = 1e-12;  // so that the first policy shows through
  const PrunenetTrainer untrained(rows_, none);
  EXPECT_FALSE(torch::equal(whole.best_policy()->parameters()[0], untrained.best_policy()->parameters()[0]));
}

TEST_P(PrunenetTraining, ResumedRunEqualsTheUninterruptedOne) {
  PrunenetTrainer whole(rows_, options_);
  run(whole);
  PrunenetTrainer first_half(rows_, options_);
  run(first_half, 2);
  PrunenetTrainer second_half(rows_, options_);
  second_half.restore(first_half.state());
  EXPECT_EQ(second_half.completed_episodes(), 2);
  run(second_half);
  expect_same_parameters(whole.best_policy(), second_half.best_policy());
  ASSERT_EQ(whole.curve().size(), second_half.curve().size());
  for (std::size_t i = 0; i < whole.curve().size(); ++i) {
    EXPECT_EQ(whole.curve()[i].mean_ks, second_half.curve()[i].mean_ks);
    EXPECT_EQ(whole.curve()[i].loss, second_half.curve()[i].loss);
  }
}

TEST(PrunenetTrainer, PoliciesThatComeToNothingAreErrors) {
  const RandomRows huge(3, 40, 16, 1e4F);
  PrunenetTrainer faithful(huge, small_options(true));
  expect_error(ErrorKind::kNumerical, {"episode 1, layer 0", "28 of 40 rows", "learning_rate"}, [&] { run(faithful); });

  const RandomRows rows(3, 40, 16);
  PrunenetOptions options = small_options(false);
  options.learning_rate = 1e30;
  PrunenetTrainer corrected(rows, options);
  expect_error(ErrorKind::kNumerical, {"episode 1, layer 1", "learning_rate"}, [&] { run(corrected); });
}

TEST(PrunenetTrainer, SaturatedPoliciesPassTheirStepsOver) {
  const RandomRows rows(3, 40, 16, 3.0F);  // z beyond 17 in every layer
  PrunenetTrainer trainer(rows, small_options(true));
  run(trainer);
  for (const EpisodePoint& point : trainer.curve()) {
    EXPECT_EQ(point.skipped, 3);
    EXPECT_FALSE(point.loss.has_value());
  }
  PrunenetTrainer resumed(rows, small_options(true));
  resumed.restore(trainer.state());
  EXPECT_FALSE(resumed.curve().back().loss.has_value());
  RecordingProgress progress;
  const nlohmann::json curve = train_prunenet(rows, small_options(true), progress).curve;
  EXPECT_TRUE(curve.back().at("loss").is_null());
  EXPECT_EQ(curve.back().at("skipped_steps"), 3);
}

TEST(PrunenetTrainer, CorrectedTrainingRaisesTheRewardOfAProblemWithOneAnswer) {
  // Half of the rows are zero: the spectrum is kept as it is by keeping the others.
  class HalfEmpty final : public NeuronRows {
   public:
    [[nodiscard]] std::int64_t num_layers() const override { return 4; }
    [[nodiscard]] std::int64_t hidden_size() const override { return 24; }
    [[nodiscard]] std::int64_t intermediate_size() const override { return 48; }
    [[nodiscard]] MatrixF rows(std::int64_t layer) const override {
      Rng rng(100 + static_cast<std::uint64_t>(layer));
      MatrixF matrix = MatrixF::Zero(48, 24);
      for (Eigen::Index i = 0; i < 24; ++i) {
        for (Eigen::Index j = 0; j < 24; ++j) matrix(i, j) = 1.0F + static_cast<float>(rng.normal());
      }
      return matrix;
    }
  };
  const HalfEmpty rows;
  PrunenetOptions options = small_options(false);
  options.ratio = 0.5;
  options.episodes = 200;
  options.learning_rate = 1e-4;  // one step moves z by a sum over all parameters
  PrunenetTrainer trainer(rows, options);
  run(trainer);
  const auto mean_ks = [&](std::size_t from, std::size_t count) {
    double sum = 0.0;
    for (std::size_t i = from; i < from + count; ++i) sum += trainer.curve()[i].mean_ks;
    return sum / static_cast<double>(count);
  };
  EXPECT_LT(mean_ks(190, 10), 0.5 * mean_ks(0, 10));
}

TEST(PrunenetTrainer, TrainsOnAModelOfAnAddedFamily) {
  const testing::TemporaryDirectory directory;
  testing::copy_as(testing::kOurArchitecture,
                   std::filesystem::path(PRUNENET_TEST_DATA) / "models" / "llama-grouped-tied", directory / "model");
  Recipe recipe;
  recipe.policy = PolicyKind::kPrunenet;
  recipe.prunenet = small_options(false);
  recipe.prunenet.episodes = 1;
  const auto train = [&](const Registries& registries) {
    SilentProgress silent;
    return train_prunenet_on_model({directory / "model"}, recipe, {.work_directory = directory / "work"}, silent,
                                   registries);
  };
  expect_error(ErrorKind::kUnsupported, {testing::kOurArchitecture}, [&] { (void)train({}); });
  const PublishedPolicy policy = train({.families = testing::families_with_ours()});
  EXPECT_EQ(policy.provenance.at("models").at(0).at("architecture"), testing::kOurArchitecture);
}

TEST(PrunenetTrainer, StateOfAnotherRunIsRefused) {
  const RandomRows rows(2, 20, 8);
  const RandomRows others(2, 24, 8);
  PrunenetOptions options = small_options(true);
  const TrainerState state = PrunenetTrainer(rows, options).state();
  PrunenetTrainer wider(others, options);
  expect_error(ErrorKind::kMismatch, {"another network"}, [&] { wider.restore(state); });
  options.episodes = 7;
  PrunenetTrainer longer(rows, options);
  expect_error(ErrorKind::kMismatch, {"6 episodes", "7 are asked"}, [&] { longer.restore(state); });
  expect_error(ErrorKind::kMismatch, {"no field"}, [&] { longer.restore(TrainerState{}); });
}

TEST(PrunenetTrainer, DamagedStatesAreRefused) {
  const RandomRows rows(3, 8, 4);
  PrunenetTrainer trainer(rows, small_options(true));
  run(trainer, 1);
  const TrainerState good = trainer.state();
  EXPECT_NO_THROW(trainer.restore(good));
  const auto refused = [&](std::initializer_list<std::string> fragments, const std::string& field, const char* key,
                           const nlohmann::json& value) {
    TrainerState state = good;
    nlohmann::json json = nlohmann::json::parse(state.text.at(field));
    (json.is_array() ? json[0] : json)[key] = value;
    state.text[field] = json.dump();
    expect_error(ErrorKind::kBadInput, fragments, [&] { trainer.restore(state); });
  };
  refused({"reward_sums", "2 entries for 3 layers"}, "progress", "reward_sums", {1.0, 2.0});
  refused({"reward_sums"}, "progress", "reward_sums", {1.0, 2.0, nullptr});
  refused({"best_episode", "7", "[0, 6]"}, "progress", "best_episode", 7);
  refused({"steps_taken", "-1"}, "progress", "steps_taken", -1);
  refused({"episode", "0", "[1, 6]"}, "curve", "episode", 0);
  refused({"mean_ks", "is missing"}, "curve", "mean_ks", nullptr);
  refused({"loss", "\"x\""}, "curve", "loss", "x");
}

TEST(PrunenetOptions, EveryFieldHasItsRange) {
  const auto expect_refused = [](const char* field, auto change) {
    PrunenetOptions options;
    change(options);
    expect_error(ErrorKind::kInvalidArgument, {field}, [&] { check(options); });
  };
  EXPECT_NO_THROW(check(PrunenetOptions{}));
  expect_refused("ratio", [](auto& o) { o.ratio = 0.0; });
  expect_refused("ratio", [](auto& o) { o.ratio = 0.96; });
  expect_refused("episodes", [](auto& o) { o.episodes = 0; });
  expect_refused("learning_rate", [](auto& o) { o.learning_rate = 0.0; });
  expect_refused("weight_decay", [](auto& o) { o.weight_decay = -1.0; });
  expect_refused("discount", [](auto& o) { o.discount = 1.01; });
  expect_refused("gradient_clip", [](auto& o) { o.gradient_clip = 0.0; });
}

TEST(TrainPrunenet, GoesOnFromAStateAndTellsItsProgress) {
  const RandomRows rows(3, 40, 16);
  const PrunenetOptions options = small_options(true);
  RecordingProgress progress;
  std::vector<TrainerState> states;
  const PublishedPolicy whole =
      train_prunenet(rows, options, progress,
                     {.after_episode = [&](const PrunenetTrainer& trainer) { states.push_back(trainer.state()); }});
  EXPECT_EQ(progress.totals, std::vector<std::uint64_t>{36}) << "two a layer and episode";
  EXPECT_EQ(progress.done, progress.totals);
  ASSERT_EQ(states.size(), 6U);
  const PublishedPolicy resumed = train_prunenet(rows, options, progress, {.start = &states[3]});
  expect_same_parameters(whole.network, resumed.network);
  EXPECT_EQ(whole.ratio, 0.3);
  EXPECT_EQ(whole.recipe.at("prunenet").at("episodes"), 6);
  EXPECT_EQ(whole.provenance.at("seed"), 3);
  EXPECT_EQ(progress.done.back(), 36U);
}

TEST(TrainPrunenet, CanBeStopped) {
  RecordingProgress progress(7);
  expect_error(ErrorKind::kInterrupted, {"stopped"},
               [&] { (void)train_prunenet(RandomRows(3, 40, 16), small_options(true), progress); });
}

}  // namespace
}  // namespace prunenet
