#include "prunenet/train/recipe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;

TEST(Recipe, RoundTrip) {
  Recipe recipe;
  recipe.probe.tokens = 123;
  recipe.reward.operator_kind = OperatorKind::kJoint;
  recipe.reward.distortion = "ks";
  recipe.probe.loss_metric = true;
  recipe.train.network.depth = 3;
  recipe.train.validation_ratios = {0.1};
  const nlohmann::json json = to_json(recipe);
  EXPECT_EQ(to_json(recipe_from_json(json)), json);
  EXPECT_EQ(json["reward"]["operator"], "joint");
}

TEST(Recipe, AbsentFieldsKeepTheirDefaults) {
  EXPECT_EQ(to_json(recipe_from_json(nlohmann::json::object())), to_json(Recipe{}));
}

TEST(Recipe, SeedsOfEitherIntegerKindAreRead) {
  EXPECT_EQ(recipe_from_json({{"train", {{"seed", 7}}}}).train.seed, 7U);
  EXPECT_EQ(recipe_from_json({{"train", {{"seed", 7U}}}}).train.seed, 7U);
  expect_error(ErrorKind::kInvalidArgument, {"'train.seed'", "-1"}, [] {
    (void)recipe_from_json({{"train", {{"seed", -1}}}});
  });
}

TEST(Recipe, UnknownKeysAreNamedWithTheKnownOnes) {
  expect_error(ErrorKind::kInvalidArgument, {"'training'", "policy, probe, reward, train"}, [] {
    (void)recipe_from_json({{"training", nlohmann::json::object()}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'train.step'", "steps"}, [] {
    (void)recipe_from_json({{"train", {{"step", 3}}}});
  });
}

TEST(Recipe, ThePolicyDecidesWhichSectionsThereAre) {
  const Recipe recipe = recipe_from_json(
      {{"policy", "prunenet"}, {"prunenet", {{"ratio", 0.5}, {"faithful", false}, {"seed", 3}, {"episodes", 2}}}});
  EXPECT_EQ(recipe.policy, PolicyKind::kPrunenet);
  EXPECT_EQ(recipe.prunenet.ratio, 0.5);
  EXPECT_FALSE(recipe.prunenet.faithful);
  const nlohmann::json json = to_json(recipe);
  EXPECT_EQ(json.size(), 2U) << "the policy and its section";
  EXPECT_EQ(to_json(recipe_from_json(json)), json);
  EXPECT_FALSE(to_json(Recipe{}).contains("prunenet"));
}

TEST(Recipe, SectionsOfAnotherPolicyAreRefused) {
  expect_error(ErrorKind::kInvalidArgument, {"'train'", "no effect with policy 'prunenet'"}, [] {
    (void)recipe_from_json({{"policy", "prunenet"}, {"train", {{"steps", 3}}}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'prunenet'", "no effect with policy 'features'"}, [] {
    (void)recipe_from_json({{"prunenet", {{"ratio", 0.3}}}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'published'", "features, prunenet"}, [] {
    (void)recipe_from_json({{"policy", "published"}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'policy'", "a name"}, [] { (void)recipe_from_json({{"policy", 3}}); });
  expect_error(ErrorKind::kInvalidArgument, {"'prunenet.sparsity'", "ratio"}, [] {
    (void)recipe_from_json({{"policy", "prunenet"}, {"prunenet", {{"sparsity", 0.3}}}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'prunenet.faithful'", "true or false"}, [] {
    (void)recipe_from_json({{"policy", "prunenet"}, {"prunenet", {{"faithful", 1}}}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'prunenet.ratio'", "0.95"}, [] {
    (void)recipe_from_json({{"policy", "prunenet"}, {"prunenet", {{"ratio", 1.0}}}});
  });
}

TEST(Recipe, WrongTypesAndRangesAreNamed) {
  expect_error(ErrorKind::kInvalidArgument, {"'train.steps'", "\"many\"", "an integer"}, [] {
    (void)recipe_from_json({{"train", {{"steps", "many"}}}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'probe'", "section"}, [] { (void)recipe_from_json({{"probe", 3}}); });
  expect_error(ErrorKind::kInvalidArgument, {"whole file"}, [] { (void)recipe_from_json(nlohmann::json::array()); });
  expect_error(ErrorKind::kInvalidArgument, {"samples", "at least 2"}, [] {
    (void)recipe_from_json({{"train", {{"samples", 1}}}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"tokens"}, [] { (void)recipe_from_json({{"probe", {{"tokens", 0}}}}); });
  expect_error(ErrorKind::kInvalidArgument, {"mirsky"}, [] {
    (void)recipe_from_json({{"reward", {{"distortion", "l2"}}}});
  });
}

TEST(Recipe, MetricsOfTheOutput) {
  EXPECT_EQ(recipe_from_json({{"reward", {{"metric", "loss"}}}}).reward.metric, OutputMetric::kLoss);
  EXPECT_EQ(recipe_from_json({{"reward", {{"metric", "output"}}}}).reward.metric, OutputMetric::kOutput);
  expect_error(ErrorKind::kInvalidArgument, {"'euclid'", "output, loss"}, [] {
    (void)recipe_from_json({{"reward", {{"metric", "euclid"}}}});
  });
  expect_error(ErrorKind::kInvalidArgument, {"'loss'", "'response'", "no effect with 'gate'"}, [] {
    (void)recipe_from_json({{"reward", {{"metric", "loss"}, {"operator", "gate"}}}});
  });
}

TEST(Recipe, NamesOfAFileStandInMessagesInOneLine) {
  for (const nlohmann::json& recipe :
       {nlohmann::json{{"policy", "a\nb"}}, nlohmann::json{{"train", {{"estimator", "a\nb"}}}},
        nlohmann::json{{"reward", {{"operator", "a\nb"}}}}, nlohmann::json{{"reward", {{"distortion", "a\nb"}}}},
        nlohmann::json{{"reward", {{"metric", "a\nb"}}}}, nlohmann::json{{"a\nb", 1}},
        nlohmann::json{{"train", {{"a\nb", 1}}}}}) {
    expect_error(ErrorKind::kInvalidArgument, {"a\\x0ab"}, [&] { (void)recipe_from_json(recipe); });
  }
}

TEST(Recipe, NumbersThatAreNoneAreRefused) {
  expect_error(ErrorKind::kInvalidArgument, {"'probe.tokens'", "18446744073709551615"}, [] {
    (void)recipe_from_json({{"probe", {{"tokens", 18446744073709551615U}}}});
  });
  for (const double number : {std::numeric_limits<double>::infinity(), std::nan("")}) {  // YAML's .inf and .nan
    expect_error(ErrorKind::kInvalidArgument, {"'train.learning_rate'"}, [number] {
      (void)recipe_from_json({{"train", {{"learning_rate", number}}}});
    });
  }
}

TEST(Recipe, NamesADistortionThatWasAdded) {
  RewardRegistry rewards = built_in_rewards();
  rewards.add("ours", [](const RewardLayer&) { return make_keep_set_distortion_of_nothing(); });
  const nlohmann::json json = {{"reward", {{"distortion", "ours"}}}};
  EXPECT_EQ(to_json(recipe_from_json(json, rewards)).at("reward").at("distortion"), "ours");
  expect_error(ErrorKind::kInvalidArgument, {"'ours' is unknown", "known are ks"},
               [&] { (void)recipe_from_json(json); });
}

}  // namespace
}  // namespace prunenet
