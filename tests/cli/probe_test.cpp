// `prunenet probe`, and trainings on what it writes.
#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>

#include "command_test.h"
#include "model.h"
#include "network.h"
#include "policy_content.h"
#include "support/expect_error.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Words = std::vector<std::string>;

class ProbeVerb : public CommandTest {
 protected:
  ProbeVerb() {
    write_file(path("r.yaml"),
               "probe: {tokens: 512, held_out_tokens: 128, sequence_length: 64}\n"
               "train: {steps: 12, layers_per_step: 4, validate_every: 4, hidden: 16, seed: 3}\n");
  }

  [[nodiscard]] static Words probe(const std::string& out, const Words& more = {}) {
    Words words = {"probe", "--model", model("small"), "--recipe", "r.yaml", "--out", out, "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] static Words train(const std::string& out, const Words& more = {}) {
    Words words = {"train", "--model", model("small"), "--recipe", "r.yaml", "--out", out, "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// All but the seconds, which lie last.
  [[nodiscard]] static std::string moments_of(const std::string& name) {
    std::string content = file(name);
    EXPECT_GT(content.size(), sizeof(float));
    content.resize(content.size() - sizeof(float));
    return content;
  }
  /// As `expect_failure`, which adds --quiet itself.
  static void refused(Words words, int exit_code, const Words& fragments) {
    std::erase(words, "--quiet");
    expect_failure(std::move(words), exit_code, fragments);
  }
  [[nodiscard]] static json json_of(const Words& words) { return json::parse(run_well(words).out); }
};

TEST_F(ProbeVerb, WritesWhatAPersonAndATrainingWantToKnow) {
  const Finished finished = run_well(probe("p.safetensors", {"--json", "p.json"}));
  for (const char* word : {"512 that train, 128 held out, in sequences of 64", "peak memory", "SHA-256"}) {
    EXPECT_THAT(finished.out, HasSubstr(word));
  }
  EXPECT_THAT(names(), ElementsAre("p.json", "p.safetensors", "r.yaml"));
  const json record = json::parse(std::ifstream("p.json"));
  EXPECT_EQ(record.at("seed"), 3);
  EXPECT_EQ(record.at("probe").at("tokens"), 512);
  EXPECT_EQ(record.at("bytes"), std::filesystem::file_size("p.safetensors"));
  const json inspected = json_of({"inspect", "p.safetensors", "--json", "-"});
  EXPECT_EQ(inspected.at("kind"), "probe");
  EXPECT_EQ(inspected.at("kept"), "second moments");
  EXPECT_EQ(inspected.at("model").at("name"), "small");
  EXPECT_EQ(inspected.at("model").at("sha256"), record.at("model_sha256"));
  EXPECT_EQ(inspected.at("probe"), record.at("probe"));
  EXPECT_THAT(run_well({"inspect", "p.safetensors"}).out, HasSubstr("second moments of "));
}

TEST_F(ProbeVerb, StreamedItIsTheSameToTheByte) {
  run_well(probe("whole.safetensors"));
  run_well(probe("streamed.safetensors", {"--stream"}));
  EXPECT_TRUE(moments_of("whole.safetensors") == moments_of("streamed.safetensors"));
  run_well(probe("other.safetensors", {"--seed", "4"}));
  EXPECT_FALSE(moments_of("whole.safetensors") == moments_of("other.safetensors"));
}

TEST_F(ProbeVerb, StreamingSaysUpFrontWhatSamplingReads) {
  Words words =
      probe("p.safetensors", {"--stream", "--tokens", "64", "--held-out-tokens", "32", "--sequence-length", "16"});
  std::erase(words, "--quiet");
  EXPECT_THAT(run_well(words).err, HasSubstr("up to 15 passes"));
}

TEST_F(ProbeVerb, TrainingOnAFileGivesThePolicyOfATrainingThatProbes) {
  run_well(train("own.safetensors"));
  run_well(probe("p.safetensors"));
  run_well(train("given.safetensors", {"--probe", "p.safetensors"}));
  EXPECT_EQ(policy_content("given.safetensors"), policy_content("own.safetensors"));
  EXPECT_THAT(names(), ElementsAre("given.safetensors", "own.safetensors", "p.safetensors", "r.yaml"));
}

TEST_F(ProbeVerb, TrainingRecordsTheOptionsAndTheSeedOfTheFile) {
  run_well(probe("p.safetensors", {"--tokens", "256", "--seed", "8"}));
  run_well(train("given.safetensors", {"--probe", "p.safetensors"}));
  const json policy = json_of({"inspect", "given.safetensors", "--json", "-"});
  EXPECT_EQ(policy.at("recipe").at("probe").at("tokens"), 256);
  EXPECT_EQ(policy.at("recipe").at("train").at("seed"), 3);
  EXPECT_EQ(policy.at("provenance").at("probe_seeds"), json::array({8}));
}

TEST_F(ProbeVerb, PackedMomentsTrainAlmostThePolicyOfExactOnes) {
  run_well(probe("exact.safetensors"));
  run_well(probe("packed.safetensors", {"--exact-width", "8"}));
  EXPECT_EQ(json_of({"inspect", "packed.safetensors", "--json", "-"}).at("kept"), "packed second moments");
  EXPECT_LT(std::filesystem::file_size("packed.safetensors"), std::filesystem::file_size("exact.safetensors") / 2);
  std::vector<json> curves;
  for (const std::string kind : {"exact", "packed"}) {
    const std::string policy = kind + "-policy.safetensors";
    run_well(train(policy, {"--probe", kind + ".safetensors"}));
    curves.push_back(json_of({"inspect", policy, "--json", "-"}).at("curve"));
  }
  ASSERT_EQ(curves[0].size(), curves[1].size());
  for (std::size_t i = 0; i < curves[0].size(); ++i) {
    // Logarithms of distortions that packing changes by about a hundredth in blocks as narrow as these.
    for (const char* reward : {"train_reward", "validation_reward"}) {
      EXPECT_NEAR(curves[1][i].at(reward).get<double>(), curves[0][i].at(reward).get<double>(), 0.01) << reward;
    }
  }
}

TEST_F(ProbeVerb, LossMetricsTrainAPolicyOfTheirOwn) {
  const Words in_loss = {"--set", "reward.metric=loss"};
  Words own = in_loss;
  own.insert(own.end(), {"--set", "probe.loss_metric=true"});
  run_well(train("own.safetensors", own));
  run_well(probe("p.safetensors", {"--loss-metric"}));
  Words given = in_loss;
  given.insert(given.end(), {"--probe", "p.safetensors"});
  run_well(train("given.safetensors", given));
  EXPECT_EQ(policy_content("given.safetensors"), policy_content("own.safetensors"));
  run_well(train("plain.safetensors", {"--probe", "p.safetensors"}));
  const auto reward = [](const std::string& policy) {
    return json_of({"inspect", policy, "--json", "-"}).at("curve").back().at("validation_reward").get<double>();
  };
  EXPECT_NE(reward("given.safetensors"), reward("plain.safetensors"));
  refused(train("no.safetensors", in_loss), 2, {"'loss'", "'probe.loss_metric: true'"});
  refused(probe("no.safetensors", {"--loss-metric", "--stream"}), 2, {"probe.loss_metric", "--stream"});
}

TEST_F(ProbeVerb, SeveralModelsFindTheirFiles) {
  run_well(probe("small.safetensors"));
  run_well({"probe", "--model", model("large"), "--recipe", "r.yaml", "--out", "large.safetensors", "--quiet"});
  const Words large = {"--model", model("large")};
  run_well(train("own.safetensors", large));
  Words given = large;
  given.insert(given.end(), {"--probe", "large.safetensors", "--probe", "small.safetensors"});
  run_well(train("given.safetensors", given));
  EXPECT_EQ(policy_content("given.safetensors"), policy_content("own.safetensors"));
  run_well(probe("short.safetensors", {"--tokens", "64"}));
  given.back() = "short.safetensors";
  refused(train("no.safetensors", given), 3, {"short.safetensors", "tokens 64, here 512", "same options"});
}

TEST_F(ProbeVerb, FilesOfAnotherModelAreRefusedWithBothDigests) {
  run_well({"probe", "--model", model("large"), "--recipe", "r.yaml", "--out", "large.safetensors", "--quiet"});
  const json file = json_of({"inspect", "large.safetensors", "--json", "-"});
  const std::string digest = file.at("model").at("sha256");
  const json own = json_of(probe("small.safetensors", {"--json", "-"}));
  refused(train("p.safetensors", {"--probe", "large.safetensors"}), 3,
          {"large.safetensors", "another model", "'large'", digest, own.at("model_sha256")});
}

TEST_F(ProbeVerb, WhatCannotBeDoneIsRefusedFirst) {
  refused({"probe", "--out", "p.safetensors"}, 2, {"--model is missing"});
  refused({"probe", "--model", model("small")}, 2, {"--out is missing"});
  refused(probe("p.safetensors", {"--tokens", "0"}), 2, {"'tokens' is 0"});
  refused(probe("p.safetensors", {"--device", "tpu"}), 2, {"'tpu'", "cuda:N"});
  refused(probe(model("small") + "/model.safetensors", {"--force"}), 2, {"only read"});
  refused({"probe", "--model", "missing", "--out", "p.safetensors"}, 3, {"missing"});
  refused(probe("p.safetensors", {"--tokens", "1000000000000"}), 4,
          {"15625000002 sequences of 64 tokens", "are available", "fewer tokens"});
  write_file(path("published.yaml"), "policy: prunenet\n");
  refused({"probe", "--model", model("small"), "--recipe", "published.yaml", "--out", "p.safetensors"}, 2,
          {"published.yaml", "without a probe"});
  EXPECT_THAT(names(), ElementsAre("published.yaml", "r.yaml"));
  run_well(probe("p.safetensors"));
  refused(probe("p.safetensors"), 2, {"p.safetensors exists already", "--force"});
  refused(train("p.safetensors", {"--probe", "p.safetensors", "--force"}), 2, {"only read"});
  refused({"train", "--model", model("small"), "--recipe", "published.yaml", "--out", "q.safetensors", "--probe",
           "p.safetensors"},
          2, {"--probe", "no effect"});
  refused(train("q.safetensors", {"--probe", "r.yaml"}), 3, {"r.yaml"});
  EXPECT_FALSE(std::filesystem::exists("q.safetensors"));
}

TEST_F(ProbeVerb, InterruptedLeavesNothing) {
  const auto is_being_written = [this](int) {
    const auto found = names();
    return std::any_of(found.begin(), found.end(), [](const auto& name) { return name.starts_with(".p.safetensors"); });
  };
  const Finished stopped = run_program(probe("p.safetensors", {"--tokens", "200000"}),
                                       {.file_size_limit = {}, .signal_when = is_being_written, .signal = SIGINT});
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_THAT(names(), ElementsAre("r.yaml"));
}

TEST_F(ProbeVerb, EvalAndGenerateStreamTheSameNumbers) {
  const Words eval = {"eval", "--model", model("small"), "--text", text(), "--windows", "9", "--json", "-"};
  Words streamed = eval;
  streamed.emplace_back("--stream");
  EXPECT_EQ(json_of(eval).at("perplexity").at(0).at("nll"), json_of(streamed).at("perplexity").at(0).at("nll"));
  const Words generate = {"generate", "--model", model("small"), "--prompt", "Alice", "--tokens", "12", "--quiet"};
  streamed = generate;
  streamed.emplace_back("--stream");
  EXPECT_EQ(run_well(generate).out, run_well(streamed).out);
}

TEST_F(ProbeVerb, ModelsThatDoNotFitAreSentToStream) {
  const std::string large = model("large");
  const cli::Model opened = cli::open_model(large);
  LoadOptions load = cli::load_options({});
  load.available_bytes = 1000;
  SilentProgress silent;
  expect_error(ErrorKind::kOutOfSpace, {large, "0.0 MB are available; --stream reads it layer by layer"},
               [&] { (void)CausalLm::load(opened.checkpoint, *opened.family, silent, load); });
  load.stream = true;
  EXPECT_NO_THROW((void)CausalLm::load(opened.checkpoint, *opened.family, silent, load));
}

TEST_F(ProbeVerb, DevicesThatAreNotThereAreOneLine) {
  const Finished finished =
      run({"eval", "--model", model("small"), "--text", text(), "--device", "cuda:99", "--quiet"});
  EXPECT_EQ(finished.exit_code, 3);
  expect_one_line(finished, "eval", {"cuda:99"});
}

}  // namespace
}  // namespace prunenet::testing
