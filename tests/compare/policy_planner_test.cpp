#include "prunenet/compare/policy_planner.h"

#include <gtest/gtest.h>

#include "baselines/loaded_model.h"
#include "prunenet/policy/policy.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using nlohmann::json;
using testing::expect_error;
using testing::LoadedModel;
using testing::TemporaryDirectory;

const json kRecipe = {{"probe", {{"tokens", 64}, {"held_out_tokens", 32}, {"sequence_length", 16}}},
                      {"train", {{"steps", 4}, {"validate_every", 2}, {"hidden", 8}, {"depth", 1}}}};

class PolicyPlannerTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Planner> planner(const json& options) const {
    return make_policy_planner(options, {model_.checkpoint, *model_.family, model_.network},
                               {.policies = directory_.path(), .shared = directory_ / "shared"});
  }
  [[nodiscard]] Selection select(Planner& planner, double ratio, std::uint64_t seed) {
    return planner.select(ratio, 1, seed, silent_);
  }

  LoadedModel model_;
  TemporaryDirectory directory_;
  SilentProgress silent_;
};

TEST_F(PolicyPlannerTest, TrainsOnePolicyASeedForAllRatios) {
  const auto trained = planner({{"name", "policy"}, {"recipe", kRecipe}});
  EXPECT_TRUE(trained->uses_seed());
  EXPECT_EQ(trained->data_use(), DataUse::kNone);
  const Selection small = select(*trained, 0.2, 1);
  const Selection large = select(*trained, 0.5, 1);
  EXPECT_GT(small.training_seconds, 0.0);
  EXPECT_EQ(large.training_seconds, 0.0);  // counted once
  EXPECT_EQ(small.curve.size(), 2U);
  EXPECT_EQ(small.plan.source, large.plan.source);  // one policy file
  for (std::size_t layer = 0; layer < small.plan.keep_indices.size(); ++layer) {
    EXPECT_TRUE(std::ranges::includes(small.plan.keep_indices[layer], large.plan.keep_indices[layer]));
  }
  EXPECT_NE(select(*trained, 0.5, 2).plan.source, large.plan.source);
  EXPECT_TRUE(std::filesystem::exists(directory_ / "seed-1.safetensors"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "seed-1.safetensors.train"));
}

TEST_F(PolicyPlannerTest, TakesAPolicyThatIsThere) {
  const json options = {{"name", "policy"}, {"recipe", kRecipe}};
  const Selection first = select(*planner(options), 0.3, 1);
  EXPECT_EQ(select(*planner(options), 0.3, 1).plan.source, first.plan.source);
  const auto loaded = planner({{"name", "policy"}, {"file", directory_ / "seed-1.safetensors"}});
  EXPECT_FALSE(loaded->uses_seed());
  EXPECT_EQ(select(*loaded, 0.3, 9).plan.keep_indices, first.plan.keep_indices);
}

TEST_F(PolicyPlannerTest, ScoresLayersByPoliciesThatDidNotTrainOnThem) {
  const auto folded = planner({{"name", "policy"}, {"recipe", kRecipe}, {"folds", 2}});
  const Plan plan = select(*folded, 0.3, 1).plan;
  for (std::int64_t fold = 0; fold < 2; ++fold) {
    const std::string file = directory_ / ("seed-1-fold-" + std::to_string(fold) + ".safetensors");
    EXPECT_EQ(load_policy(file).recipe.at("train").at("held_out_fold"), fold);
    const Plan alone = select(*planner({{"name", "policy"}, {"file", file}}), 0.3, 1).plan;
    for (std::size_t layer = static_cast<std::size_t>(fold); layer < plan.keep_indices.size(); layer += 2) {
      EXPECT_EQ(plan.keep_indices[layer], alone.keep_indices[layer]) << layer;
    }
  }
}

TEST_F(PolicyPlannerTest, SamplesBySeed) {
  const Selection best = select(*planner({{"name", "policy"}, {"recipe", kRecipe}}), 0.3, 1);
  const std::string file = directory_ / "seed-1.safetensors";
  const auto sampled = planner({{"name", "policy"}, {"file", file}, {"sample", true}});
  EXPECT_TRUE(sampled->uses_seed());
  EXPECT_EQ(select(*sampled, 0.3, 1).plan.keep_indices, select(*sampled, 0.3, 1).plan.keep_indices);
  EXPECT_NE(select(*sampled, 0.3, 1).plan.keep_indices, select(*sampled, 0.3, 2).plan.keep_indices);
  // Scores differ by far more than the noise once they are divided by next to nothing.
  const auto cold = planner({{"name", "policy"}, {"file", file}, {"sample", true}, {"temperature", 1e-6}});
  EXPECT_EQ(select(*cold, 0.3, 1).plan.keep_indices, best.plan.keep_indices);
}

TEST_F(PolicyPlannerTest, RefusesOptionsItCannotFollow) {
  const auto refused = [this](const json& options, std::initializer_list<std::string> fragments) {
    expect_error(ErrorKind::kInvalidArgument, fragments, [&] { (void)planner(options); });
  };
  refused({{"name", "policy"}}, {"'file'", "'recipe'"});
  refused({{"name", "policy"}, {"file", "p"}, {"recipe", kRecipe}}, {"either"});
  refused({{"name", "policy"}, {"file", 3}}, {"'file'"});
  refused({{"name", "policy"}, {"policy", "p"}}, {"'policy'", "sample"});
  refused({{"name", "policy"}, {"file", "p"}, {"temperature", 2.0}}, {"'temperature'", "sample"});
  refused({{"name", "policy"}, {"file", "p"}, {"sample", true}, {"temperature", -1.0}}, {"-1.0"});
  refused({{"name", "policy"}, {"file", "p"}, {"folds", 3}}, {"'folds'", "recipe"});
  refused({{"name", "policy"}, {"recipe", kRecipe}, {"folds", 1}}, {"'folds'", "1"});
  refused({{"name", "policy"}, {"recipe", {{"train", {{"step", 3}}}}}}, {"train.step", "steps"});
}

}  // namespace
}  // namespace prunenet
