// `prunenet refine`.
#include <csignal>
#include <nlohmann/json.hpp>

#include "command_test.h"
#include "policy_content.h"
#include "refine/small_model.h"

namespace prunenet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Words = std::vector<std::string>;

class RefineVerb : public CommandTest {
 protected:
  RefineVerb() {
    save_untrained_policy(path("p.safetensors"));
    write_file(path("r.yaml"),
               "refine: {steps: 4, tokens: 256, sampled_tokens: 1024, held_out_tokens: 128, sequence_length: 33,\n"
               "         validate_every: 2}\n");
  }

  [[nodiscard]] static Words refine(const std::string& out, const Words& more = {}) {
    Words words = {"refine",   "--model", model("small"), "--policy", "p.safetensors",
                   "--recipe", "r.yaml",  "--out",        out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(RefineVerb, WritesAPolicyThatOtherVerbsTake) {
  const Finished finished = run_well(refine("q.safetensors", {"--seed", "5", "--set", "refine.exploration=0.5"}));
  for (const char* word : {"KL from dense", "held out", "training"}) EXPECT_THAT(finished.out, HasSubstr(word));
  EXPECT_THAT(names(), ElementsAre("p.safetensors", "q.safetensors", "r.yaml"));
  const nlohmann::json used = load_policy("q.safetensors").recipe.at("refine");
  EXPECT_EQ(used.at("seed"), 5);
  EXPECT_EQ(used.at("exploration"), 0.5);
  EXPECT_EQ(used.at("steps"), 4);
  EXPECT_THAT(run_well({"inspect", "q.safetensors"}).out, HasSubstr("refine"));
  run_well(
      {"apply", "--model", model("small"), "--policy", "q.safetensors", "--ratio", "0.3", "--out", "m", "--quiet"});
}

TEST_F(RefineVerb, InterruptedItGoesOnToTheSamePolicy) {
  const Words longer = {"--steps", "60"};
  run_well(refine("whole.safetensors", longer));
  const Surroundings at_first_state{
      .file_size_limit = {},
      .signal_when = [&](int) { return std::filesystem::exists(path("q.safetensors.refine/state.safetensors")); },
      .signal = SIGINT};
  const Finished stopped = run_program(refine("q.safetensors", longer), at_first_state);
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("--resume"));
  EXPECT_FALSE(std::filesystem::exists("q.safetensors"));
  expect_failure(refine("q.safetensors", longer), 2, {"q.safetensors.refine", "--resume"});
  Words resumed = longer;
  resumed.emplace_back("--resume");
  run_well(refine("q.safetensors", resumed));
  EXPECT_TRUE(policy_content("q.safetensors") == policy_content("whole.safetensors"));
  EXPECT_FALSE(std::filesystem::exists("q.safetensors.refine"));
}

TEST_F(RefineVerb, ABudgetIsLearnedAndAppliedToAGgufFile) {
  run_well(refine("b.safetensors", {"--set", "refine.learn=budget", "--set", "refine.budget_learning_rate=2"}));
  EXPECT_THAT(run_well({"inspect", "b.safetensors"}).out, HasSubstr("layers keep"));
  run_well({"export", "--model", model("small"), "--gguf", "m.gguf", "--quiet"});
  const Words by_budget = {"apply",      "--model", "m.gguf",   "--policy", "b.safetensors", "--ratio", "0.3",
                           "--round-to", "1",       "--budget", "global",   "--out",         "p.gguf"};
  const Finished applied = run_well(by_budget);
  EXPECT_THAT(applied.out, HasSubstr("budget of policy"));
  EXPECT_THAT(run_well({"inspect", "p.gguf"}).out, HasSubstr("deci"));
  run_well({"eval", "--model", "p.gguf", "--text", text(), "--context", "64", "--windows", "1", "--quiet"});
  run_well({"verify", "p.gguf", "--against", "m.gguf", "--quiet"});
  expect_failure({"apply", "--model", "p.gguf", "--policy", "b.safetensors", "--ratio", "0.3", "--out", "q.gguf"}, 3,
                 {"width for each layer"});
  expect_failure({"import", "p.gguf", "--out", "d"}, 3, {"p.gguf", "differ in width"});
  expect_failure({"apply", "--model", model("small"), "--policy", "b.safetensors", "--ratio", "0.3", "--budget",
                  "global", "--out", "d"},
                 2, {"--budget global", "GGUF"});
  expect_failure({"apply", "--model", "m.gguf", "--policy", "p.safetensors", "--ratio", "0.3", "--budget", "global",
                  "--out", "q.gguf"},
                 2, {"p.safetensors has no budget", "refine"});
  expect_failure({"apply", "--model", "m.gguf", "--policy", "p.safetensors", "--ratio", "0.3", "--budget", "most",
                  "--out", "q.gguf"},
                 2, {"--budget most", "uniform, global"});
}

TEST_F(RefineVerb, SaysWhatIsWrong) {
  expect_failure(refine("q.safetensors", {"--steps", "0"}), 2, {"'steps' is 0", "at least 1"});
  expect_failure(refine("p.safetensors"), 2, {"p.safetensors", "--force"});
  expect_failure(refine("p.safetensors", {"--force"}), 2, {"p.safetensors", "only read"});
  expect_failure({"refine", "--model", model("small"), "--policy", "none.safetensors", "--out", "q.safetensors"}, 3,
                 {"none.safetensors"});
  expect_failure({"refine", "--policy", "p.safetensors", "--out", "q.safetensors"}, 2, {"--model"});
  EXPECT_THAT(names(), ElementsAre("p.safetensors", "r.yaml")) << "nothing is left behind";
}

}  // namespace
}  // namespace prunenet::testing
