// The main job on a tiny trained model: train, apply, eval, generate, inspect.
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <vector>

#include "command_test.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kTinyRecipe =
    "probe: {tokens: 1024, held_out_tokens: 256, sequence_length: 64}\n"
    "train: {steps: 60, layers_per_step: 4, validate_every: 20, hidden: 32}\n";

class Flow : public CommandTest {
 protected:
  void train() const {
    write_file(path("tiny.yaml"), kTinyRecipe);
    run_well({"train", "--model", model("small"), "--recipe", "tiny.yaml", "--out", "p.safetensors", "--seed", "1"});
  }
  void apply(const std::string& ratio, const std::string& out) const {
    run_well({"apply", "--model", model("small"), "--policy", "p.safetensors", "--ratio", ratio, "--out", out});
  }
  [[nodiscard]] json json_of(const std::vector<std::string>& arguments) const {
    return json::parse(run_well(arguments).out);
  }
  [[nodiscard]] double perplexity(const std::string& directory) const {
    const json record = json_of({"eval", "--model", directory, "--text", text(), "--windows", "20", "--json", "-"});
    return record.at("perplexity").at(0).at("ppl");
  }
};

TEST_F(Flow, OnePolicyServesEveryRatio) {
  train();
  EXPECT_THAT(names(), ElementsAre("p.safetensors", "tiny.yaml")) << "the work directory is gone";
  const json policy = json_of({"inspect", "p.safetensors", "--json", "-"});
  EXPECT_EQ(policy.at("kind"), "policy");
  EXPECT_EQ(policy.at("recipe").at("train").at("steps"), 60);
  EXPECT_EQ(policy.at("recipe").at("train").at("seed"), 1);
  EXPECT_EQ(policy.at("curve").back().at("step"), 60);

  const double dense = perplexity(model("small"));
  std::vector<std::vector<std::vector<int>>> kept;
  const std::vector<std::pair<std::string, int>> widths = {{"0.2", 160}, {"0.3", 128}, {"0.5", 96}};  // multiples of 32
  for (const auto& [ratio, width] : widths) {
    apply(ratio, "out" + ratio);
    const json pruned = json_of({"inspect", "out" + ratio, "--json", "-"});
    EXPECT_EQ(pruned.at("intermediate_size"), width);
    EXPECT_DOUBLE_EQ(pruned.at("pruning").at("requested_ratio"), std::stod(ratio));
    EXPECT_DOUBLE_EQ(pruned.at("pruning").at("achieved_ratio").at("ffn"), 1.0 - width / 192.0);
    EXPECT_GT(perplexity("out" + ratio), dense);
    const json record = json::parse(std::ifstream(path("out" + ratio) + "/prunenet.json"));
    kept.push_back(record.at("plan").at("keep_indices"));
  }
  for (std::size_t layer = 0; layer < kept[0].size(); ++layer) {
    EXPECT_TRUE(
        std::includes(kept[0][layer].begin(), kept[0][layer].end(), kept[1][layer].begin(), kept[1][layer].end()));
    EXPECT_TRUE(
        std::includes(kept[1][layer].begin(), kept[1][layer].end(), kept[2][layer].begin(), kept[2][layer].end()));
  }
}

TEST_F(Flow, ATargetIsMetWithAsLittleRemovedAsCanBe) {
  train();
  const json dense = json_of({"inspect", model("small"), "--json", "-"});
  run_well({"apply", "--model", model("small"), "--policy", "p.safetensors", "--target", "size=80%", "--out", "small"});
  const json pruned = json_of({"inspect", "small", "--json", "-"});
  const double limit = 0.8 * dense.at("bytes").get<double>();
  EXPECT_LE(pruned.at("bytes").get<double>(), limit);
  const double ffn_share = dense.at("ffn_parameters").get<double>() / dense.at("parameters").get<double>();
  const double one_step = 32.0 / 192.0 * ffn_share * dense.at("bytes").get<double>();
  EXPECT_GT(pruned.at("bytes").get<double>(), limit - one_step);
  EXPECT_LT(pruned.at("pruning").at("achieved_ratio").at("bytes").get<double>(), 1.0);
}

TEST_F(Flow, InspectSaysWhereParametersAreAndWhatARatioSaves) {
  const json record = json_of({"inspect", model("small"), "--json", "-"});
  std::int64_t sum = 0;
  for (const auto& [part, count] : record.at("parameter_parts").items()) sum += count.get<std::int64_t>();
  EXPECT_EQ(sum, record.at("parameters"));
  EXPECT_EQ(record.at("oddities"), json::array());
  train();
  apply("0.3", "out");
  const json pruned = json_of({"inspect", "out", "--quick", "--json", "-"});
  EXPECT_FALSE(pruned.contains("oddities")) << "the quick form does not look";
  const json& saving = record.at("savings").at(1);
  EXPECT_EQ(saving.at("ratio"), 0.3);
  for (const char* key : {"intermediate_size", "parameters", "bytes"}) EXPECT_EQ(saving.at(key), pruned.at(key)) << key;
}

TEST_F(Flow, APlanCanBeSavedAndReplayed) {
  train();
  const Finished dry = run_well({"apply", "--model", model("small"), "--policy", "p.safetensors", "--ratio", "0.3",
                                 "--dry-run", "--plan-out", "plan.json"});
  EXPECT_THAT(dry.out, HasSubstr("128"));
  EXPECT_THAT(names(), ElementsAre("p.safetensors", "plan.json", "tiny.yaml")) << "no checkpoint";
  EXPECT_EQ(json_of({"inspect", "plan.json", "--json", "-"}).at("kind"), "plan");

  apply("0.3", "direct");
  run_well({"apply", "--model", model("small"), "--from-plan", "plan.json", "--out", "replayed"});
  EXPECT_EQ(file(path("direct") + "/model.safetensors"), file(path("replayed") + "/model.safetensors"));
}

TEST_F(Flow, SamplingDependsOnTheSeedAlone) {
  train();
  const auto sampled = [&](const std::string& seed, const std::string& plan) {
    run_well({"apply", "--model", model("small"), "--policy", "p.safetensors", "--ratio", "0.3", "--sample", "--seed",
              seed, "--dry-run", "--plan-out", plan});
    return json::parse(std::ifstream(path(plan))).at("keep_indices");
  };
  const json first = sampled("1", "a.json");
  EXPECT_EQ(first, sampled("1", "b.json"));
  EXPECT_NE(first, sampled("2", "c.json"));
}

TEST_F(Flow, EvalFollowsTheSchema) {
  const json record = json_of(
      {"eval", "--model", model("large"), "--text", text(), "--context", "64", "--windows", "5", "--json", "-"});
  const json& perplexity = record.at("perplexity").at(0);
  EXPECT_EQ(record.at("model"), model("large"));
  EXPECT_EQ(record.at("parameters"), 309952);
  EXPECT_EQ(record.at("bytes"), std::filesystem::file_size(model("large") + "/model.safetensors"));
  EXPECT_GT(record.at("peak_rss_bytes"), 0);
  EXPECT_EQ(record.at("tasks"), json::array());
  EXPECT_EQ(perplexity.at("file"), text());
  EXPECT_EQ(perplexity.at("windows"), 5);
  EXPECT_EQ(perplexity.at("context"), 64);
  EXPECT_EQ(perplexity.at("tokens"), 5 * 63) << "tokens 2..n of each window";
  EXPECT_GT(perplexity.at("tokens_per_second"), 0.0);
}

TEST_F(Flow, EvalGivesThePerplexityOfTheReference) {
  const json record = json_of({"eval", "--model", model("large"), "--text", text(), "--json", "-"});
  EXPECT_EQ(record.at("perplexity").at(0).at("context"), 128) << "the model's own limit";
  EXPECT_NEAR(record.at("perplexity").at(0).at("ppl"), 15.59, 0.005) << "tests/data/trained/README.md: transformers";
}

TEST_F(Flow, EvalScoresMultipleChoice) {
  write_file(path("t.jsonl"), R"({"id": "1", "context": "She was", "choices": ["not", "zqxj zqxj"], "label": 0})"
                              "\n"
                              R"({"id": "2", "context": "He said", "choices": ["qqq xxq", "that"], "label": 1})"
                              "\n");
  const json record = json_of({"eval", "--model", model("large"), "--tasks", "t.jsonl", "--json", "-"});
  const json& task = record.at("tasks").at(0);
  EXPECT_EQ(task.at("n"), 2);
  EXPECT_EQ(task.at("acc"), 1.0) << "words are likelier than noise";
  EXPECT_EQ(json_of({"eval", "--model", model("large"), "--tasks", "t.jsonl", "--limit", "1", "--json", "-"})
                .at("tasks")
                .at(0)
                .at("n"),
            1);
}

TEST_F(Flow, GenerateContinuesThePrompt) {
  const auto generate = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"generate", "--model", model("large"), "--prompt", "Alice was", "--tokens", "12"};
    words.insert(words.end(), more.begin(), more.end());
    return run_well(words).out;
  };
  const std::string greedy = generate({"--temperature", "0"});
  EXPECT_THAT(greedy, StartsWith("Alice was"));
  EXPECT_GT(greedy.size(), std::string("Alice was\n").size());
  EXPECT_EQ(greedy, generate({"--temperature", "0", "--seed", "5"}));
  EXPECT_EQ(generate({"--seed", "5"}), generate({"--seed", "5"}));
  EXPECT_NE(generate({"--seed", "5"}), generate({"--seed", "6"}));
}

TEST_F(Flow, ImportCopiesAModelDirectory) {
  run_well({"import", model("small"), "--out", "copy"});
  for (const char* name : {"model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"}) {
    EXPECT_EQ(file(path("copy") + "/" + name), file(model("small") + "/" + name)) << name;
  }
}

TEST_F(Flow, GgufFilesAreWrittenPrunedAndRead) {
  train();
  run_well({"export", "--model", model("small"), "--gguf", "m.gguf"});
  EXPECT_NEAR(perplexity("m.gguf"), perplexity(model("small")), 1e-3) << "nothing is lost in bf16";
  const Finished applied =
      run_well({"apply", "--model", "m.gguf", "--policy", "p.safetensors", "--ratio", "0.3", "--out", "p.gguf"});
  EXPECT_THAT(applied.out, HasSubstr("192 -> 128"));
  apply("0.3", "directory");
  EXPECT_NEAR(perplexity("p.gguf"), perplexity("directory"), 1e-3);
  const json record = json_of({"inspect", "p.gguf", "--json", "-"});
  EXPECT_EQ(record.at("intermediate_size"), 128);
  EXPECT_EQ(record.at("bytes"), std::filesystem::file_size(path("p.gguf")));
  EXPECT_EQ(record.at("tensors").at("BF16"), 29);
  EXPECT_THAT(run_well({"generate", "--model", "p.gguf", "--prompt", "The", "--tokens", "4"}).out, StartsWith("The"));

  // Back to a directory, and out again in eight bits: rows of 48 do not divide into blocks, columns of 128 do.
  run_well({"import", "p.gguf", "--out", "imported", "--dtype", "bfloat16"});
  EXPECT_NEAR(perplexity("imported"), perplexity("directory"), 1e-3);
  EXPECT_THAT(run_well({"export", "--model", "p.gguf", "--gguf", "q.gguf", "--type", "q8_0"}).out, HasSubstr("Q8_0"));
  EXPECT_EQ(json_of({"inspect", "q.gguf", "--json", "-"}).at("tensors").at("Q8_0"), 4);
  EXPECT_NEAR(perplexity("q.gguf"), perplexity("directory"), 0.02 * perplexity("directory"));
}

TEST_F(Flow, ATargetSizeIsThatOfTheGgufFile) {
  train();
  run_well({"export", "--model", model("small"), "--gguf", "m.gguf"});
  run_well({"apply", "--model", "m.gguf", "--policy", "p.safetensors", "--target", "size=80%", "--out", "p.gguf"});
  const auto before = static_cast<double>(std::filesystem::file_size(path("m.gguf")));
  const json record = json_of({"inspect", "p.gguf", "--json", "-"});
  EXPECT_LT(record.at("intermediate_size"), 192);
  // Beside the tensors the file has its record, which a model of a hundred kilobytes feels.
  EXPECT_LE(record.at("bytes").get<double>(), 0.8 * before + 8192.0);
}

TEST_F(Flow, HelpNamesEveryVerbAndShowsAnExampleOfEach) {
  const std::string help = run_well({"--help"}).out;
  for (const std::string verb : {"import", "probe", "train", "apply", "eval", "generate", "inspect"}) {
    EXPECT_THAT(help, HasSubstr(verb));
    EXPECT_THAT(run_well({verb, "--help"}).out, HasSubstr("Example:\n  prunenet " + verb));
  }
  EXPECT_THAT(run_well({"--version"}).out, StartsWith("prunenet "));
}

TEST_F(Flow, QuietSaysNothingOnStandardError) {
  EXPECT_EQ(run_well({"eval", "--model", model("small"), "--text", text(), "--windows", "2", "--quiet"}).err, "");
}

}  // namespace
}  // namespace prunenet::testing
