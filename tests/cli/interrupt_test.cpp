// SIGINT and SIGTERM: exit code 130, nothing half-written, and training that goes on as if nothing had happened.
#include <csignal>

#include "command_test.h"
#include "policy_content.h"

namespace prunenet::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

class Interrupt : public CommandTest {
 protected:
  void SetUp() override {
    write_file(path("r.yaml"),
               "probe: {tokens: 512, held_out_tokens: 128, sequence_length: 64}\n"
               "train: {steps: 150, validate_every: 10, layers_per_step: 4, hidden: 16}\n");
  }
  [[nodiscard]] std::vector<std::string> train(const std::string& out) const {
    return {"train", "--model", model("small"), "--recipe", "r.yaml", "--out", out};
  }
  [[nodiscard]] bool exists(const std::string& name) const { return std::filesystem::exists(path(name)); }
};

TEST_F(Interrupt, ResumedTrainingGivesTheSamePolicy) {
  run_well(train("whole.safetensors"));

  const Surroundings at_first_state{.file_size_limit = {},
                                    .signal_when = [&](int) { return exists("p.safetensors.train/state.safetensors"); },
                                    .signal = SIGINT};
  const Finished stopped = run_program(train("p.safetensors"), at_first_state);
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_THAT(stopped.err, ::testing::HasSubstr("--resume"));
  EXPECT_THAT(names(), ElementsAre("p.safetensors.train", "r.yaml", "whole.safetensors")) << "no policy yet";

  std::vector<std::string> resume = train("p.safetensors");
  resume.emplace_back("--resume");
  run_well(resume);
  EXPECT_EQ(policy_content(path("p.safetensors")), policy_content(path("whole.safetensors")));
  EXPECT_FALSE(exists("p.safetensors.train"));
}

TEST_F(Interrupt, ResumingAnotherRecipeIsRefused) {
  const Surroundings at_first_state{.file_size_limit = {},
                                    .signal_when = [&](int) { return exists("p.safetensors.train/state.safetensors"); },
                                    .signal = SIGTERM};
  EXPECT_EQ(run_program(train("p.safetensors"), at_first_state).exit_code, 130);
  std::vector<std::string> resume = train("p.safetensors");
  resume.insert(resume.end(), {"--resume", "--seed", "9"});
  expect_failure(resume, 3, {"p.safetensors.train"});
}

TEST_F(Interrupt, FindsTheProgramByItsName) {
  std::string name;  // what pkill and top go by
  const auto once_it_catches = [&name](int process) {
    if (!catches(process, SIGTERM)) return false;
    name = content_of("/proc/" + std::to_string(process) + "/comm");
    return true;
  };
  static_cast<void>(
      run_program(train("p.safetensors"), {.file_size_limit = {}, .signal_when = once_it_catches, .signal = SIGTERM}));
  EXPECT_EQ(name, "prunenet\n");
}

TEST_F(Interrupt, ApplyLeavesNothing) {
  std::vector<std::string> quick = train("p.safetensors");
  quick.insert(quick.end(), {"--steps", "1"});
  run_well(quick);
  const Surroundings at_once{
      .file_size_limit = {}, .signal_when = [](int process) { return catches(process, SIGINT); }, .signal = SIGINT};
  const Finished stopped = run_program(
      {"apply", "--model", model("large"), "--policy", "p.safetensors", "--ratio", "0.3", "--out", "out"}, at_once);
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_THAT(names(), ElementsAre("p.safetensors", "r.yaml"));
}

}  // namespace
}  // namespace prunenet::testing
