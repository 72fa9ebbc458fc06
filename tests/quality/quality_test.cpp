// Quality in seconds: policies trained and judged on two really trained models of a few hundred kilobytes each
// (tests/data/trained), on text that neither the models nor the policies have seen.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>

#include "prunenet/baselines/planner.h"
#include "prunenet/core/file.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/model/runtime.h"
#include "prunenet/plan/plan.h"
#include "prunenet/policy/score_model.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "prunenet/train/session.h"
#include "support/temporary_directory.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

const std::filesystem::path kData = PRUNENET_TEST_DATA;
constexpr double kRatio = 0.3;
constexpr std::int64_t kWindow = 128;
constexpr std::int64_t kWindows = 24;

Recipe quick_recipe() {
  Recipe recipe;
  recipe.probe.tokens = 4096;
  recipe.probe.held_out_tokens = 1024;
  recipe.probe.sequence_length = 128;
  recipe.train.steps = 150;
  recipe.train.network = {.hidden = 64, .depth = 2};
  recipe.train.layers_per_step = 4;
  recipe.train.seed = 1;
  return recipe;
}

/// One trained model with its held-out text.
class TrainedModel {
 public:
  explicit TrainedModel(const std::string& name)
      : directory_(testing::trained_model(name)),
        checkpoint_(Checkpoint::open(directory_)),
        family_(make_family(checkpoint_)),
        model_(CausalLm::load(checkpoint_, *family_, silent_)) {
    const auto ids = load_tokenizer(directory_)->encode(read_text_file(kData / "texts" / "heldout.txt"));
    const std::int64_t windows = std::min<std::int64_t>(kWindows, static_cast<std::int64_t>(ids.size()) / kWindow);
    ids_ = torch::empty({windows, kWindow}, torch::kInt64);
    std::copy_n(ids.begin(), windows * kWindow, ids_.data_ptr<std::int64_t>());
  }

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  /// Perplexity with only the neurons that the plan keeps.
  [[nodiscard]] double perplexity(const Plan& plan) const {
    std::vector<torch::Tensor> masks;
    for (const std::vector<std::int64_t>& keep : plan.keep_indices) {
      masks.push_back(torch::zeros({plan.intermediate_size}).index_fill_(0, torch::tensor(keep), 1.0));
    }
    return perplexity_with(
        [&masks](const FfnActivations& at) { return at.h * masks[static_cast<std::size_t>(at.layer)]; });
  }

  [[nodiscard]] double dense_perplexity() const { return perplexity_with({}); }

  [[nodiscard]] Plan plan_of(Policy& policy) const {
    SilentProgress silent;
    const auto scores = score_model({&policy, 1}, CheckpointWeights(checkpoint_, *family_), silent);
    return make_uniform_plan(scores, kRatio, 1, "policy");
  }

  [[nodiscard]] Plan plan_of(const nlohmann::json& method, std::uint64_t seed = 0) const {
    SilentProgress silent;
    const PlannerModel model{checkpoint_, *family_, model_};
    return make_planner(method, model, {})->select(kRatio, 1, seed, silent).plan;
  }

  /// Geometric mean over seeds.
  [[nodiscard]] double random_perplexity() const {
    double logarithm = 0.0;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      logarithm += std::log(perplexity(plan_of({{"name", "random"}}, seed))) / 5.0;
    }
    return std::exp(logarithm);
  }

 private:
  [[nodiscard]] double perplexity_with(const FfnHook& hook) const {
    const torch::NoGradGuard no_grad;
    return std::exp(model_.token_nll(ids_, hook).mean().item<double>());
  }

  SilentProgress silent_;
  std::filesystem::path directory_;
  Checkpoint checkpoint_;
  std::unique_ptr<Family> family_;
  CausalLm model_;
  torch::Tensor ids_;
};

Policy train_on(const TrainedModel& model) {
  const testing::TemporaryDirectory work;
  SilentProgress silent;
  return train_on_models({model.directory()}, quick_recipe(), {.work_directory = work / "train"}, silent);
}

/// The policy of the small model, trained once for all tests.
class Quality : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    set_threads(1);  // tests run side by side
    policy_ = std::make_unique<Policy>(train_on(TrainedModel("small")));
  }
  static void TearDownTestSuite() { policy_.reset(); }

  static void expect_policy_beats_baselines(const TrainedModel& model) {
    const double dense = model.dense_perplexity();
    const double learned = model.perplexity(model.plan_of(*policy_));
    const double random = model.random_perplexity();
    const double magnitude = model.perplexity(model.plan_of({{"name", "magnitude"}, {"matrix", "product"}}));
    std::cout << "dense " << dense << ", policy " << learned << ", random " << random << ", magnitude " << magnitude
              << "\n";
    // In log-perplexity, the damage of pruning: the policy's is to be clearly smaller, not merely smaller.
    EXPECT_LT(std::log(learned / dense), 0.8 * std::log(random / dense));
    EXPECT_LT(std::log(learned / dense), 0.8 * std::log(magnitude / dense));
  }

 private:
  inline static std::unique_ptr<Policy> policy_;
};

TEST_F(Quality, PolicyBeatsRandomAndMagnitudeOnItsOwnModel) {
  expect_policy_beats_baselines(TrainedModel("small"));
}

TEST_F(Quality, PolicyOfTheSmallModelBeatsThemOnTheLargeOne) {
  expect_policy_beats_baselines(TrainedModel("large"));
}

}  // namespace
}  // namespace prunenet
