#include "prunenet/refine/refine_policy.h"

#include <gtest/gtest.h>

#include "prunenet/core/sha256.h"
#include "prunenet/train/training_model.h"
#include "refine/small_model.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

using testing::expect_error;

class RefinePolicy : public ::testing::Test {
 protected:
  RefinePolicy() { testing::save_untrained_policy(directory_ / "p.safetensors"); }

  [[nodiscard]] RefineFiles files() const {
    return {.models = {testing::trained_model("small")},
            .policy = directory_ / "p.safetensors",
            .work_directory = directory_ / "work"};
  }
  [[nodiscard]] Policy refine(const RefineFiles& files) const {
    SilentProgress silent;
    return refine_policy(options_, files, silent);
  }

  testing::TemporaryDirectory directory_;
  RefineOptions options_ = testing::small_refinement();
};

TEST_F(RefinePolicy, IsAPolicyThatSaysWhereItComesFrom) {
  const Policy policy = refine(files());
  EXPECT_EQ(policy.features, feature_names());
  EXPECT_EQ(policy.recipe.at("policy"), "features");
  EXPECT_EQ(policy.recipe.at("refine"), to_json(options_).at("refine"));
  EXPECT_EQ(policy.provenance.at("seed"), 3) << "of the policy it started from";
  const nlohmann::json& refinement = policy.provenance.at("refinement");
  EXPECT_EQ(refinement.at("start_sha256"), sha256_file(directory_ / "p.safetensors"));
  EXPECT_EQ(refinement.at("models").at(0).at("sha256"), open_training_model(testing::trained_model("small")).sha256);
  EXPECT_EQ(refinement.at("curve").size(), 3U);  // steps 0, 3 and 6
  save_policy(directory_ / "q.safetensors", policy);
  const Policy read = load_policy(directory_ / "q.safetensors");
  EXPECT_EQ(read.provenance, policy.provenance);
}

TEST_F(RefinePolicy, ABudgetGoesIntoThePolicyBesideItsNetwork) {
  options_.learn = Refined::kBudget;
  const Policy policy = refine(files());
  ASSERT_TRUE(policy.budget.has_value());
  save_policy(directory_ / "q.safetensors", policy);
  const Policy read = load_policy(directory_ / "q.safetensors");
  EXPECT_EQ(to_json(*read.budget), to_json(*policy.budget));
  EXPECT_EQ(read.recipe.at("budget").at("learn"), "budget");
  EXPECT_FALSE(read.recipe.contains("refine"));
  EXPECT_TRUE(read.provenance.contains("budget"));
  const auto parameters = load_policy(directory_ / "p.safetensors").network->parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_TRUE(torch::equal(parameters[i], read.network->parameters()[i]));
  }
}

TEST_F(RefinePolicy, SeveralModelsTakeTurns) {
  RefineFiles two = files();
  two.models.push_back(testing::trained_model("small"));
  const Policy policy = refine(two);
  EXPECT_EQ(policy.provenance.at("refinement").at("models").size(), 2U);
}

TEST_F(RefinePolicy, RefusesAnotherPolicyOrWorkOfAnotherKind) {
  (void)refine(files());
  RefineFiles resumed = files();
  resumed.resume = true;
  options_.learning_rate *= 2.0;
  expect_error(ErrorKind::kMismatch, {}, [&] { (void)refine(resumed); });
  Rng rng(0);
  Policy other;
  other.network = PolicyNetwork(2, NetworkOptions{.hidden = 4, .depth = 1}, rng);
  other.features = {"a", "b"};
  other.recipe = other.provenance = nlohmann::json::object();
  other.curve = nlohmann::json::array();
  save_policy(directory_ / "p.safetensors", other);
  expect_error(ErrorKind::kMismatch, {"another feature set"}, [&] { (void)refine(files()); });
  RefineFiles none = files();
  none.models.clear();
  expect_error(ErrorKind::kInvalidArgument, {"at least one model"}, [&] { (void)refine(none); });
}

}  // namespace
}  // namespace prunenet
