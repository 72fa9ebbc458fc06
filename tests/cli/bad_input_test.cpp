// Every kind of bad input: one line, the documented exit code, and nothing new beside the inputs.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "command_test.h"
#include "prunenet/core/rng.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/policy/policy.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;

/// Not trained: good enough to be refused or obeyed.
void save_random_policy(const std::string& path, std::vector<std::string> features) {
  Rng rng(0);
  Policy policy;
  policy.network =
      PolicyNetwork(static_cast<std::int64_t>(features.size()), NetworkOptions{.hidden = 8, .depth = 1}, rng);
  policy.features = std::move(features);
  policy.recipe = json::object();
  policy.curve = json::array();
  policy.provenance = json::object();
  save_policy(path, policy);
}

class BadInput : public CommandTest {
 protected:
  void SetUp() override { save_random_policy(path("p.safetensors"), feature_names()); }

  /// A writable copy of the small model named "m".
  std::string copy_model() const {
    std::filesystem::copy(model("small"), path("m"));
    return path("m");
  }
  void edit_config(const std::string& key, const json& value) const {
    json config = json::parse(file(path("m") + "/config.json"));
    config[key] = value;
    write_file(path("m") + "/config.json", config.dump());
  }
  [[nodiscard]] static std::vector<std::string> apply_to(const std::string& directory) {
    return {"apply", "--model", directory, "--policy", "p.safetensors", "--ratio", "0.3", "--out", "out"};
  }
  [[nodiscard]] static std::vector<std::string> with(std::vector<std::string> words,
                                                     const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// `expect_failure`, and the directory holds what it held.
  void expect_refused(const std::vector<std::string>& arguments, int exit_code,
                      const std::vector<std::string>& fragments) const {
    const std::vector<std::string> before = names();
    expect_failure(arguments, exit_code, fragments);
    EXPECT_EQ(names(), before);
  }
};

TEST_F(BadInput, MissingModel) {
  expect_refused(apply_to("nowhere"), 3, {"nowhere"});
  expect_refused({"train", "--model", "nowhere", "--out", "new.safetensors"}, 3, {"nowhere"});
  expect_refused({"eval", "--model", "nowhere", "--text", text()}, 3, {"nowhere"});
  expect_refused({"generate", "--model", "nowhere", "--prompt", "a"}, 3, {"nowhere"});
  expect_refused({"import", "nowhere", "--out", "out"}, 3, {"nowhere"});
  expect_refused({"inspect", "nowhere"}, 3, {"nowhere"});
}

TEST_F(BadInput, ModelWithoutConfig) {
  std::filesystem::remove(copy_model() + "/config.json");
  expect_refused(apply_to("m"), 3, {"m/config.json"});
}

TEST_F(BadInput, TruncatedWeights) {
  const std::string weights = copy_model() + "/model.safetensors";
  std::filesystem::resize_file(weights, 300'000);  // the header takes 3960 of them
  expect_refused(apply_to("m"), 3, {"m/model.safetensors", "296040"});
  expect_refused({"train", "--model", "m", "--out", "new.safetensors"}, 3, {"296040"});
  expect_refused({"eval", "--model", "m", "--text", text()}, 3, {"296040"});
  expect_refused({"import", "m", "--out", "out"}, 3, {"296040"});
}

TEST_F(BadInput, ConfigThatDoesNotFitTheWeights) {
  copy_model();
  edit_config("intermediate_size", 200);
  expect_refused(apply_to("m"), 3, {"[192, 48]", "[200, 48]"});
  edit_config("intermediate_size", "many");
  expect_refused(apply_to("m"), 3, {"intermediate_size"});
}

TEST_F(BadInput, UnknownArchitecture) {
  copy_model();
  edit_config("architectures", {"MambaForCausalLM"});
  expect_refused(apply_to("m"), 3, {"MambaForCausalLM", "LlamaForCausalLM"});
}

TEST_F(BadInput, PickledWeightsAreNotImported) {
  std::filesystem::remove(copy_model() + "/model.safetensors");
  write_file(path("m") + "/pytorch_model.bin", "not read");
  expect_refused({"import", "m", "--out", "out"}, 3, {"safetensors"});
}

TEST_F(BadInput, FilesThatAreNotGguf) {
  write_file(path("a.gguf"), "GGUF and no more");
  expect_refused({"import", "a.gguf", "--out", "out"}, 3, {"a.gguf"});
  write_file(path("b.gguf"), "something else entirely");
  expect_refused({"import", "b.gguf", "--out", "out"}, 3, {"b.gguf"});
}

TEST_F(BadInput, GgufWhereADirectoryIsMeantAndTheOtherWayRound) {
  run_well({"export", "--model", model("small"), "--gguf", "m.gguf"});
  const auto apply = [](const std::string& from, const std::string& to) {
    return std::vector<std::string>{"apply",   "--model", from,    "--policy", "p.safetensors",
                                    "--ratio", "0.3",     "--out", to};
  };
  expect_refused(apply("m.gguf", "out"), 2, {"--out out", ".gguf", "prunenet import"});
  expect_refused(apply(model("small"), "out.gguf"), 2, {"--out out.gguf", "prunenet export"});
  expect_refused(apply("m.gguf", "m.gguf"), 2, {"m.gguf", "--force"});
  expect_refused({"export", "--model", model("small"), "--gguf", "m.gguf"}, 2, {"m.gguf", "--force"});
  expect_refused({"export", "--model", model("small"), "--gguf", "n.gguf", "--type", "q4_k"}, 2, {"q4_k", "q4_0"});
  expect_refused({"export", "--model", model("small"), "--gguf", "no/n.gguf"}, 2, {"no"});
  write_file(path("broken.gguf"), "GGUF and no more");
  expect_refused({"eval", "--model", "broken.gguf", "--text", text()}, 3, {"broken.gguf"});
}

TEST_F(BadInput, PolicyOfAnotherFeatureSet) {
  std::vector<std::string> features = feature_names();
  const std::string dropped = features.back();
  features.back() = "phase_of_the_moon";
  save_random_policy(path("p.safetensors"), features);
  expect_refused(apply_to(model("small")), 3, {"phase_of_the_moon", dropped});
}

TEST_F(BadInput, FilesThatAreNotPolicies) {
  write_file(path("p.safetensors"), "nonsense");
  expect_refused(apply_to(model("small")), 3, {"p.safetensors"});
  std::filesystem::copy_file(model("small") + "/model.safetensors", path("p.safetensors"),
                             std::filesystem::copy_options::overwrite_existing);
  expect_refused(apply_to(model("small")), 3, {"p.safetensors", "not a policy"});
}

TEST_F(BadInput, RatiosOutsideTheirRange) {
  for (const std::string ratio : {"0.96", "1", "-0.1", "nan", "inf"}) {
    expect_refused({"apply", "--model", model("small"), "--policy", "p.safetensors", "--ratio", ratio, "--out", "out"},
                   2, {"ratio", ratio, "0.95"});
  }
  expect_refused({"apply", "--model", model("small"), "--policy", "p.safetensors", "--ratio", "third", "--out", "out"},
                 2, {"ratio", "third"});
}

TEST_F(BadInput, Targets) {
  const auto expect = [&](const std::string& target, std::initializer_list<std::string> fragments) {
    expect_refused(
        {"apply", "--model", model("small"), "--policy", "p.safetensors", "--target", target, "--out", "out"}, 2,
        fragments);
  };
  expect("100M", {"100M", "params=100M"});
  expect("params=1", {"params=1", "cannot be met"});
  expect("size=1GB", {"size", "without pruning"});
  expect_refused(with(apply_to(model("small")), {"--target", "size=80%"}), 2, {"--ratio", "--target"});
}

TEST_F(BadInput, RoundingThatIsNoMultiple) {
  expect_refused(with(apply_to(model("small")), {"--round-to", "some"}), 2, {"some", "tensorcore"});
  expect_refused(with(apply_to(model("small")), {"--round-to", "193"}), 2, {"193", "192"});
}

TEST_F(BadInput, UnknownRecipeKeys) {
  write_file(path("r.yaml"), "train:\n  stepps: 3\n");
  expect_refused({"train", "--model", model("small"), "--recipe", "r.yaml", "--out", "new.safetensors"}, 2,
                 {"r.yaml", "train.stepps", "steps"});
  write_file(path("r.yaml"), "stepps: 3\n");
  expect_refused({"train", "--model", model("small"), "--recipe", "r.yaml", "--out", "new.safetensors"}, 2,
                 {"r.yaml", "stepps", "train"});
  write_file(path("r.yaml"), "ratios: 3\n");
  expect_refused(with(apply_to(model("small")), {"--recipe", "r.yaml"}), 2, {"r.yaml", "ratios", "ratio"});
  write_file(path("r.yaml"), "train: {steps: [}\n");
  expect_refused({"train", "--model", model("small"), "--recipe", "r.yaml", "--out", "new.safetensors"}, 3,
                 {"r.yaml", "line 1"});
}

TEST_F(BadInput, RecipeValuesOutsideTheirRange) {
  const std::vector<std::string> train = {"train", "--model", model("small"), "--out", "new.safetensors"};
  expect_refused(with(train, {"--steps", "0"}), 2, {"steps", "0"});
  expect_refused(with(train, {"--set", "train.samples=1"}), 2, {"samples", "1"});
  expect_refused(with(train, {"--set", "reward.distortion=guess"}), 2, {"guess", "schatten2"});
  expect_refused(with(train, {"--set", "samples"}), 2, {"samples", "SECTION.KEY=VALUE"});
}

TEST_F(BadInput, OutputsInTheWay) {
  std::filesystem::create_directory(path("out"));
  write_file(path("out") + "/precious", "data");
  expect_refused(apply_to(model("small")), 2, {"out", "--force"});
  expect_refused({"import", model("small"), "--out", "out"}, 2, {"out", "--force"});
  expect_refused({"train", "--model", model("small"), "--out", "p.safetensors"}, 2, {"p.safetensors", "--force"});
  expect_refused(with(apply_to(model("small")), {"--dry-run", "--plan-out", "p.safetensors"}), 2,
                 {"p.safetensors", "--force"});
  EXPECT_EQ(file(path("out") + "/precious"), "data");
}

TEST_F(BadInput, OutputsWithoutAPlace) {
  expect_refused({"train", "--model", model("small"), "--out", "no/p.safetensors"}, 2, {"no/p.safetensors"});
  write_file(path("file"), "");
  std::vector<std::string> words = apply_to(model("small"));
  words.back() = "file/out";
  expect_refused(words, 1, {"/file: ", "Not a directory"});
}

TEST_F(BadInput, FullDisk) {
  const auto expect_full = [this](std::vector<std::string> arguments, std::uint64_t limit, const std::string& file) {
    arguments.emplace_back("--quiet");
    const std::vector<std::string> before = names();
    Surroundings surroundings;
    surroundings.file_size_limit = limit;
    const Finished finished = run_program(arguments, surroundings);
    EXPECT_EQ(finished.exit_code, 4) << finished.err;
    expect_one_line(finished, arguments.front(), {file});
    EXPECT_EQ(names(), before);
  };
  expect_full(apply_to(model("small")), 100'000, "out");
  expect_full({"import", model("small"), "--out", "out"}, 100'000, "out");
  write_file(path("r.yaml"), "probe: {tokens: 512, held_out_tokens: 64}\ntrain: {steps: 1}\n");
  expect_full({"train", "--model", model("small"), "--recipe", "r.yaml", "--out", "new.safetensors"}, 1'000,
              "new.safetensors");
}

TEST_F(BadInput, PlansThatDoNotFit) {
  run_well(with(apply_to(model("small")), {"--dry-run", "--plan-out", "plan.json"}));
  expect_refused({"apply", "--model", model("large"), "--from-plan", "plan.json", "--out", "out"}, 3, {"192", "224"});
  write_file(path("plan.json"), "{\"format\": \"prunenet-plan\"}");
  expect_refused({"apply", "--model", model("small"), "--from-plan", "plan.json", "--out", "out"}, 3,
                 {"plan.json", "missing"});
}

TEST_F(BadInput, TextsAndTasksThatCannotBeScored) {
  expect_refused({"eval", "--model", model("small"), "--text", "nowhere.txt"}, 3, {"nowhere.txt"});
  write_file(path("t.jsonl"), "{\"id\": 1}\n");
  expect_refused({"eval", "--model", model("small"), "--tasks", "t.jsonl"}, 3, {"t.jsonl", "1"});
  expect_refused({"eval", "--model", model("small")}, 2, {"--text", "--tasks"});
}

TEST_F(BadInput, Usage) {
  expect_refused({"apply", "--policy", "p.safetensors", "--ratio", "0.3", "--out", "out"}, 2, {"--model", "--help"});
  expect_refused({"apply", "--model", model("small"), "--ratio", "0.3", "--out", "out"}, 2, {"--policy"});
  expect_refused({"apply", "--model", model("small"), "--policy", "p.safetensors", "--out", "out"}, 2, {"--ratio"});
  expect_refused({"apply", "--model", model("small"), "--policy", "p.safetensors", "--ratio", "0.3"}, 2, {"--out"});
  expect_refused({"train", "--out", "new.safetensors"}, 2, {"--model"});
  expect_refused({"generate", "--colour", "red"}, 2, {"--colour"});
  expect_refused({"inspect"}, 2, {"path"});
}

TEST_F(BadInput, TheProgramReturnsTheExitCode) {
  EXPECT_EQ(run_program({"--version"}).exit_code, 0);
  EXPECT_EQ(run_program({"inspect", "nowhere"}).exit_code, 3);
  const Finished unknown = run_program({"prune"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err,
              ::testing::HasSubstr(
                  "import, export, features, probe, train, refine, apply, recover, verify, eval, generate, compare, "
                  "inspect, report"));
}

}  // namespace
}  // namespace prunenet::testing
