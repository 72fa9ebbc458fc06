// `policy: prunenet`: the published form, from training to a pruned model, through the program itself.
#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>

#include "command_test.h"
#include "prunenet/policy/published_policy.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Prunenet : public CommandTest {
 protected:
  [[nodiscard]] std::vector<std::string> train(const std::string& out,
                                               const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"train", "--model", model("small"), "--set", "policy=prunenet", "--out", out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] std::vector<std::string> apply(const std::string& out,
                                               const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"apply",   "--model", model("small"), "--policy", "p.safetensors",
                                      "--ratio", "0.3",     "--out",        out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] json record_of(const std::string& directory) const {
    return json::parse(std::ifstream(path(directory) + "/prunenet.json"));
  }
  [[nodiscard]] static std::string content(const std::string& file) {
    const PublishedPolicy policy = load_published_policy(file);
    std::string text = policy.recipe.dump();
    for (const json& point : policy.curve) text += point.at("mean_ks").dump() + point.at("loss").dump();
    for (const auto& parameter : policy.network->parameters()) {
      const torch::Tensor values = parameter.detach().contiguous();
      text.append(static_cast<const char*>(values.data_ptr()), values.nbytes());
    }
    return text;
  }
};

TEST_F(Prunenet, TrainApplyAndInspectAsProcesses) {
  write_file(path("r.yaml"), "policy: prunenet\nprunenet: {ratio: 0.3, episodes: 4}\n");
  const Finished trained =
      run_program({"train", "--model", model("small"), "--recipe", "r.yaml", "--out", "p.safetensors", "--seed", "5"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.out, HasSubstr("mean KS"));
  EXPECT_THAT(names(), ElementsAre("p.safetensors", "r.yaml")) << "the work directory is gone";

  const json policy = json::parse(run_program({"inspect", "p.safetensors", "--json", "-"}).out);
  EXPECT_EQ(policy.at("kind"), "policy");
  EXPECT_EQ(policy.at("policy"), "prunenet");
  EXPECT_EQ(policy.at("ratio"), 0.3);
  EXPECT_EQ(policy.at("faithful"), true);
  EXPECT_EQ(policy.at("recipe").at("prunenet").at("seed"), 5);
  EXPECT_EQ(policy.at("parameters"), 48 * 192 + 192 + 192);
  EXPECT_EQ(policy.at("provenance").at("models").at(0).at("name"), "small");
  ASSERT_EQ(policy.at("curve").size(), 4U);
  EXPECT_GT(policy.at("curve").at(3).at("mean_ks"), 0.0);
  EXPECT_THAT(run_program({"inspect", "p.safetensors"}).out, HasSubstr("episode 4"));

  const Finished applied = run_program(apply("out", {"--seed", "8"}));
  ASSERT_EQ(applied.exit_code, 0) << applied.err;
  EXPECT_THAT(applied.out, HasSubstr("sampled with seed 8"));
  const json record = record_of("out");
  EXPECT_EQ(record.at("seed"), 8);
  EXPECT_THAT(record.at("plan").at("source").get<std::string>(), ::testing::StartsWith("prunenet policy "));
  EXPECT_EQ(record.at("plan").at("keep_indices").at(0).size(), 128U) << "a multiple of 32, as with every policy";
  EXPECT_EQ(json::parse(run_program({"inspect", "out", "--json", "-"}).out).at("intermediate_size"), 128);
}

TEST_F(Prunenet, FaithfulPoliciesDrawAndCorrectedOnesDoNot) {
  run_well(train("p.safetensors", {"--set", "prunenet.episodes=2"}));
  const auto plan_of = [&](const std::string& out, const std::vector<std::string>& more) {
    run_well(apply(out, more));
    return record_of(out).at("plan").at("keep_indices");
  };
  const json drawn = plan_of("a", {});
  EXPECT_EQ(drawn, plan_of("b", {"--seed", "0"}));
  EXPECT_NE(drawn, plan_of("c", {"--seed", "1"}));

  run_well(train("p.safetensors", {"--set", "prunenet.episodes=2", "--set", "prunenet.faithful=false", "--force"}));
  const json best = plan_of("d", {});
  EXPECT_EQ(best, plan_of("e", {"--seed", "1"}));
  EXPECT_TRUE(record_of("d").at("seed").is_null());
  EXPECT_NE(best, plan_of("f", {"--sample", "--seed", "1"}));
}

TEST_F(Prunenet, ResumedTrainingGivesTheSamePolicy) {
  const std::vector<std::string> long_run = {"--set", "prunenet.episodes=200", "--set", "prunenet.faithful=false"};
  run_well(train("whole.safetensors", long_run));
  const Surroundings at_first_state{
      .file_size_limit = {},
      .signal_when = [&](int) { return std::filesystem::exists(path("p.safetensors.train/state.safetensors")); },
      .signal = SIGINT};
  const Finished stopped = run_program(train("p.safetensors", long_run), at_first_state);
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("--resume"));
  EXPECT_THAT(names(), ElementsAre("p.safetensors.train", "whole.safetensors")) << "no policy yet";

  std::vector<std::string> resume = train("p.safetensors", long_run);
  resume.emplace_back("--resume");
  std::vector<std::string> other_seed = resume;
  other_seed.insert(other_seed.end(), {"--seed", "9"});
  expect_failure(other_seed, 3, {"p.safetensors.train"});
  run_well(resume);
  EXPECT_EQ(content("p.safetensors"), content("whole.safetensors"));
  EXPECT_THAT(names(), ElementsAre("p.safetensors", "whole.safetensors"));
}

TEST_F(Prunenet, AnotherRatioOrModelIsRefused) {
  run_well(train("p.safetensors", {"--set", "prunenet.episodes=1"}));
  expect_failure({"apply", "--model", model("small"), "--policy", "p.safetensors", "--ratio", "0.5", "--out", "out"}, 3,
                 {"trained for ratio 0.3", "0.5", "prunenet.ratio=0.5"});
  expect_failure({"apply", "--model", model("large"), "--policy", "p.safetensors", "--ratio", "0.3", "--out", "out"}, 3,
                 {"hidden size 48", "intermediate size 192", "64 and 224"});
  EXPECT_THAT(names(), ElementsAre("p.safetensors"));
}

TEST_F(Prunenet, WhatCannotBeTrainedIsRefused) {
  expect_failure(train("p.safetensors", {"--model", model("large")}), 3, {"one model", "2 were given"});
  expect_failure(train("p.safetensors", {"--steps", "3"}), 2, {"'train' has no effect with policy 'prunenet'"});
  expect_failure(train("p.safetensors", {"--set", "prunenet.ratio=0"}), 2, {"'prunenet.ratio' is 0"});
  expect_failure(train("p.safetensors", {"--set", "policy=published"}), 2, {"features, prunenet"});
  expect_failure(train("p.safetensors", {"--set", "prunenet.learning_rate=1e30", "--set", "prunenet.faithful=false"}),
                 1, {"episode", "learning_rate"});
  EXPECT_THAT(names(), ElementsAre());
}

}  // namespace
}  // namespace prunenet::testing
