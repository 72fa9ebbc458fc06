// `prunenet recover`.
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command_test.h"
#include "recover/pruned_small.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Words = std::vector<std::string>;

class RecoverVerb : public CommandTest {
 protected:
  RecoverVerb() {
    prune_small_by_chance(path("pruned"));
    write_file(path("r.yaml"),
               "recover: {steps: 3, tokens: 256, sampled_tokens: 1024, held_out_tokens: 128, sequence_length: 33,\n"
               "          validate_every: 2}\n");
  }

  [[nodiscard]] static Words recover(const std::string& out, const Words& more = {}) {
    Words words = {"recover", "--teacher", model("small"), "--student", "pruned", "--recipe", "r.yaml", "--out", out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(RecoverVerb, WritesAModelThatOtherVerbsTake) {
  const Finished finished = run_well(recover("out", {"--json", "r.json", "--quiet"}));
  for (const char* word : {"KL from teacher", "held out", "3, 768 tokens", "(full)"}) {
    EXPECT_THAT(finished.out, HasSubstr(word));
  }
  EXPECT_THAT(names(), ElementsAre("out", "pruned", "r.json", "r.yaml"));
  const json record = json::parse(std::ifstream("r.json"));
  EXPECT_EQ(record.at("recover").at("steps"), 3);
  EXPECT_EQ(record.at("curve").size(), 3U);  // steps 0, 2 and 3
  EXPECT_THAT(record.at("run").at("command_line"), HasSubstr("recover --teacher"));
  run_well({"eval", "--model", "out", "--text", text(), "--context", "64", "--windows", "1", "--quiet"});
  run_well({"inspect", "out"});
}

TEST_F(RecoverVerb, OptionsWinOverTheRecipe) {
  const json record = json::parse(run_well(recover("out", {"--train",         "lora",
                                                           "--targets",       "q_proj,v_proj",
                                                           "--rank",          "2",
                                                           "--alpha",         "4",
                                                           "--steps",         "1",
                                                           "--tokens",        "64",
                                                           "--learning-rate", "1e-3",
                                                           "--seed",          "5",
                                                           "--set",           "recover.top_logits=7",
                                                           "--adapter-out",   "adapter",
                                                           "--json",          "-",
                                                           "--quiet"}))
                                      .out);
  const json& used = record.at("recover");
  EXPECT_EQ(used.at("train"), "lora");
  EXPECT_EQ(used.at("targets"), (json{"q_proj", "v_proj"}));
  EXPECT_EQ(used.at("rank"), 2);
  EXPECT_EQ(used.at("alpha"), 4.0);
  EXPECT_EQ(used.at("steps"), 1);
  EXPECT_EQ(used.at("tokens"), 64);
  EXPECT_EQ(used.at("learning_rate"), 1e-3);
  EXPECT_EQ(used.at("seed"), 5);
  EXPECT_EQ(used.at("top_logits"), 7);
  EXPECT_TRUE(std::filesystem::exists("adapter/adapter_model.safetensors"));
  EXPECT_TRUE(std::filesystem::exists("adapter/adapter_config.json"));
}

TEST_F(RecoverVerb, InterruptedItGoesOnToTheSameBytes) {
  const Words longer = {"--steps", "200", "--set", "recover.save_every=5"};
  run_well(recover("whole", longer));
  const Surroundings at_first_state{
      .file_size_limit = {},
      .signal_when = [&](int) { return std::filesystem::exists(path("out.recover/state.safetensors")); },
      .signal = SIGINT};
  const Finished stopped = run_program(recover("out", longer), at_first_state);
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("--resume"));
  EXPECT_FALSE(std::filesystem::exists("out"));
  expect_failure(recover("out", longer), 2, {"out.recover", "--resume"});
  Words resumed = longer;
  resumed.emplace_back("--resume");
  run_well(recover("out", resumed));
  EXPECT_TRUE(file("out/model.safetensors") == file("whole/model.safetensors"));
  EXPECT_FALSE(std::filesystem::exists("out.recover"));
}

TEST_F(RecoverVerb, TakesAGgufFile) {
  run_well({"export", "--model", "pruned", "--gguf", "pruned.gguf", "--quiet"});
  const Words words = {"recover",  "--teacher", model("small"), "--student", "pruned.gguf",
                       "--recipe", "r.yaml",    "--out",        "out.gguf"};
  run_well(words);
  EXPECT_THAT(names(), ElementsAre("out.gguf", "pruned", "pruned.gguf", "r.yaml"));
  run_well({"eval", "--model", "out.gguf", "--text", text(), "--context", "64", "--windows", "1", "--quiet"});
  expect_failure(words, 2, {"out.gguf", "--force"});
}

/// Every line of a log, each of which is an object.
std::vector<json> lines_of(const std::string& log) {
  std::vector<json> lines;
  std::istringstream stream(log);
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

TEST_F(RecoverVerb, LogsItsCurveAsJsonAndForTensorBoard) {
  const Finished finished = run_well(recover("out", {"--log-json", "--tensorboard", "runs"}));
  std::vector<json> points;
  std::vector<std::string> stages;
  for (const json& line : lines_of(finished.err)) {
    EXPECT_EQ(line.at("level"), "info");
    EXPECT_THAT(line.at("time").get<std::string>(), ::testing::EndsWith("Z"));
    if (line.at("event") == "point") points.push_back(line.at("point"));
    if (line.at("event") == "stage") stages.push_back(line.at("stage"));
  }
  EXPECT_THAT(stages, ::testing::IsSupersetOf({"sampling", "recovering", "writing"}));
  const json record = json::parse(std::ifstream("out/recovery.json"));
  EXPECT_EQ(json(points), record.at("curve")) << "steps 0, 2 and 3";
  const std::filesystem::directory_iterator runs("runs");
  EXPECT_THAT(runs->path().filename().string(), ::testing::StartsWith("events.out.tfevents."));
  EXPECT_THAT(file(runs->path().string()), HasSubstr("held_out_divergence"));

  const Finished failed = run_program(recover("out", {"--log-json"}));
  EXPECT_EQ(failed.exit_code, 2);
  const std::vector<json> lines = lines_of(failed.err);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.front().at("level"), "error");
  EXPECT_EQ(lines.front().at("command"), "prunenet recover");
  EXPECT_EQ(lines.front().at("exit_code"), 2);
  EXPECT_THAT(lines.front().at("message").get<std::string>(), HasSubstr("--force"));
}

TEST_F(RecoverVerb, SaysWhatIsWrong) {
  expect_failure(recover("out", {"--targets", "q_proj,c_attn"}), 2, {"'c_attn'", "known: q_proj"});
  expect_failure(recover("out", {"--rank", "0"}), 2, {"'rank' is 0", "at least 1"});
  expect_failure(recover("out", {"--time-limit", "0"}), 2, {"--time-limit 0"});
  expect_failure(recover("out", {"--adapter-out", "adapter"}), 2, {"--adapter-out", "--train lora"});
  expect_failure(recover("pruned"), 2, {"pruned", "--force"});
  expect_failure({"recover", "--teacher", "pruned", "--student", model("small"), "--out", "out"}, 3, {"wider"});
  expect_failure({"recover", "--teacher", model("large"), "--student", "pruned", "--out", "out"}, 3,
                 {"do not belong together"});
  write_file(path("short.txt"), "Too short.");
  expect_failure(recover("out", {"--tensorboard", "short.txt/runs"}), 1, {"short.txt/runs"});
  expect_failure(recover("out", {"--text", "short.txt"}), 2, {"short.txt"});
  EXPECT_THAT(names(), ElementsAre("pruned", "r.yaml", "short.txt")) << "nothing is left behind";
}

}  // namespace
}  // namespace prunenet::testing
