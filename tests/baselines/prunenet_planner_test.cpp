// The published policy as a planner: the same as training and applying it, and no oftener than needed.

#include "prunenet/baselines/prunenet_planner.h"

#include <gtest/gtest.h>

#include "baselines/loaded_model.h"
#include "prunenet/policy/published_policy.h"
#include "prunenet/train/prunenet_session.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::LoadedModel;

class PrunenetPlannerTest : public ::testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] nlohmann::json options() const {
    return {{"name", "prunenet"}, {"episodes", 3}, {"learning_rate", 0.01}, {"faithful", GetParam()}};
  }
  LoadedModel model_;
};
INSTANTIATE_TEST_SUITE_P(Forms, PrunenetPlannerTest, ::testing::Values(true, false),
                         [](const auto& form) { return form.param ? "Faithful" : "Corrected"; });

TEST_P(PrunenetPlannerTest, ItsPlanIsThatOfTrainingAndApplying) {
  PrunenetOptions trained;
  trained.ratio = 0.5;
  trained.episodes = 3;
  trained.learning_rate = 0.01;
  trained.faithful = GetParam();
  trained.seed = 7;
  const CheckpointRows rows(model_.checkpoint, *model_.family);
  PublishedPolicy policy = train_prunenet(rows, trained, model_.silent);
  Rng rng(7);
  const Plan plan = model_.plan(options(), {}, 0.5, 7);
  for (std::int64_t layer = 0; layer < rows.num_layers(); ++layer) {
    EXPECT_EQ(plan.keep_indices[static_cast<std::size_t>(layer)], keep_indices(policy, rows.rows(layer), 12, rng));
  }
}

TEST_P(PrunenetPlannerTest, TrainsOnceARatioAndSeed) {
  const auto planner = model_.planner(options());
  const Selection first = planner->select(0.5, 1, 7, model_.silent);
  EXPECT_GT(first.training_seconds, 0.0);
  ASSERT_EQ(first.curve.size(), 3U);
  EXPECT_EQ(first.curve[2].at("episode"), 3);
  EXPECT_GE(first.curve[2].at("mean_reward"), 1.0);
  const Selection rounded = planner->select(0.5, 8, 7, model_.silent);
  EXPECT_EQ(rounded.training_seconds, 0.0);
  EXPECT_EQ(rounded.curve, first.curve);
  EXPECT_GT(planner->select(0.5, 1, 8, model_.silent).training_seconds, 0.0);
  EXPECT_GT(planner->select(0.4, 1, 8, model_.silent).training_seconds, 0.0);
  EXPECT_EQ(planner->select(0.0, 1, 8, model_.silent).training_seconds, 0.0);
}

TEST_P(PrunenetPlannerTest, TrainsWhereNoGradientsAreRecorded) {
  const Plan plan = model_.plan(options(), {}, 0.5, 7);
  const torch::NoGradGuard no_grad;
  EXPECT_EQ(model_.plan(options(), {}, 0.5, 7).keep_indices, plan.keep_indices);
}

TEST(PrunenetPlannerErrors, OptionsOutsideTheirRange) {
  const LoadedModel model;
  const auto make = [&](const char* key, const nlohmann::json& value) {
    (void)model.planner({{"name", "prunenet"}, {key, value}});
  };
  expect_error(ErrorKind::kInvalidArgument, {"'prunenet.learning_rate'", "0"}, [&] { make("learning_rate", 0); });
  expect_error(ErrorKind::kInvalidArgument, {"'prunenet.faithful'", "true or false"}, [&] { make("faithful", "no"); });
  expect_error(ErrorKind::kInvalidArgument, {"'prunenet'", "'ratio'", "episodes"}, [&] { make("ratio", 0.3); });
}

}  // namespace
}  // namespace prunenet
