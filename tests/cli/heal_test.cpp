// `prunenet apply --heal`, from text that is sampled to a model that is healed, through the program itself.
#include <nlohmann/json.hpp>

#include <numeric>

#include "command_test.h"
#include "prunenet/core/rng.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/plan/plan.h"
#include "prunenet/policy/policy.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Words = std::vector<std::string>;

const Words kLittleText = {"--heal-tokens", "512", "--heal-held-out-tokens", "128"};

class HealVerb : public CommandTest {
 protected:
  /// A plan of no policy's, for a model of four layers.
  void write_plan(const std::string& name, std::int64_t neurons, std::int64_t width) const {
    Plan plan;
    plan.source = "test";
    plan.intermediate_size = neurons;
    std::vector<std::int64_t> keep(static_cast<std::size_t>(width));
    std::iota(keep.begin(), keep.end(), neurons - width);
    plan.keep_indices.assign(4, keep);
    write_file(path(name), to_json(plan).dump());
  }
  [[nodiscard]] static Words apply(const std::string& out, const Words& more, const std::string& plan = "plan.json") {
    Words words = {"apply", "--model", model("small"), "--from-plan", plan, "--out", out};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] static Words healing(const std::string& out, const Words& more = kLittleText) {
    Words words = apply(out, more);
    words.emplace_back("--heal");
    return words;
  }
  [[nodiscard]] static json record_of(const std::string& out) { return json::parse(file(out + "/prunenet.json")); }
  [[nodiscard]] static double perplexity(const std::string& model) {
    const json record =
        json::parse(run_well({"eval", "--model", model, "--text", text(), "--context", "128", "--json", "-"}).out);
    return record.at("perplexity").at(0).at("ppl");
  }

  HealVerb() { write_plan("plan.json", 192, 96); }
};

TEST_F(HealVerb, AsAProcess) {
  const Finished finished = run_program(healing("healed"));
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out,
              HasSubstr("sequential, on 512 tokens; on 128 others the mean error of the FFNs goes from "));
  EXPECT_THAT(names(), ElementsAre("healed", "plan.json")) << "the scratch directory is gone";

  const json healing = record_of("healed").at("healing");
  EXPECT_EQ(healing.at("form"), "sequential");
  EXPECT_EQ(healing.at("tokens"), 512);
  EXPECT_EQ(healing.at("held_out_tokens"), 128);
  EXPECT_EQ(healing.at("seed"), 0);
  ASSERT_EQ(healing.at("layers").size(), 4U);
  for (const json& layer : healing.at("layers")) {
    EXPECT_LT(layer.at("error_after"), layer.at("error_before"));
    EXPECT_LT(layer.at("held_out_after"), layer.at("held_out_before"));
  }
  EXPECT_THAT(file("healed/README.md"), HasSubstr("The down projections were refitted"));

  const Finished verified = run_program({"verify", "healed", "--against", model("small")});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("all of it holds\n"));
  EXPECT_THAT(verified.err + verified.out, HasSubstr("4 tensors of down projections were healed"));

  run_well(apply("cut", {}));
  EXPECT_LT(perplexity("healed"), perplexity("cut"));
}

TEST_F(HealVerb, StreamedItIsTheSameToTheByte) {
  run_well(healing("whole"));
  Words streamed = kLittleText;
  streamed.emplace_back("--stream");
  run_well(healing("streamed", streamed));
  EXPECT_TRUE(file("whole/model.safetensors") == file("streamed/model.safetensors"));
  Words other = kLittleText;
  other.insert(other.end(), {"--seed", "4"});
  run_well(healing("other", other));
  EXPECT_FALSE(file("whole/model.safetensors") == file("other/model.safetensors"));
  EXPECT_EQ(record_of("other").at("healing").at("seed"), 4);
}

TEST_F(HealVerb, AProbeStandsForTheTextThatItHolds) {
  run_well(
      {"probe", "--model", model("small"), "--tokens", "512", "--held-out-tokens", "128", "--out", "p.safetensors"});
  run_well(healing("sampled"));
  run_well(healing("given", {"--probe", "p.safetensors"}));
  EXPECT_TRUE(file("sampled/model.safetensors") == file("given/model.safetensors"));
  EXPECT_EQ(record_of("given").at("healing"), record_of("sampled").at("healing"));

  run_well(healing("quick", {"--probe", "p.safetensors", "--heal-form", "one-shot"}));
  EXPECT_EQ(record_of("quick").at("healing").at("form"), "one-shot");
  run_well({"verify", "quick", "--against", model("small")});
  run_well(apply("cut", {}));
  EXPECT_LT(perplexity("quick"), perplexity("cut"));
}

TEST_F(HealVerb, GgufFiles) {
  run_well({"export", "--model", model("small"), "--gguf", "m.gguf", "--type", "q8_0"});
  Words words = {"apply", "--model", "m.gguf", "--from-plan", "plan.json", "--out"};
  words.emplace_back("cut.gguf");
  run_well(words);
  words.back() = "healed.gguf";
  words.emplace_back("--heal");
  words.insert(words.end(), kLittleText.begin(), kLittleText.end());
  run_well(words);
  EXPECT_THAT(run_well({"verify", "healed.gguf", "--against", "m.gguf"}).out, HasSubstr("all of it holds\n"));
  EXPECT_LT(perplexity("healed.gguf"), perplexity("cut.gguf"));
}

TEST_F(HealVerb, ThePolicysProbeSaysWhatIsSampled) {
  write_file(path("r.yaml"),
             "probe: {tokens: 512, held_out_tokens: 128, sequence_length: 64, start_tokens: [1, 2]}\n"
             "train: {steps: 2, layers_per_step: 4, validate_every: 2, hidden: 16}\n");
  run_well({"train", "--model", model("small"), "--recipe", "r.yaml", "--out", "p.safetensors", "--quiet"});
  Words words = {"apply", "--model", model("small"), "--policy", "p.safetensors", "--ratio", "0.5", "--heal", "--out"};
  words.emplace_back("as-trained");
  run_well(words);
  const json healing = record_of("as-trained").at("healing");
  EXPECT_EQ(healing.at("tokens"), 512);
  EXPECT_EQ(healing.at("sequence_length"), 64);
  EXPECT_EQ(healing.at("start_tokens"), json::array({1, 2}));
  words.back() = "otherwise";
  words.insert(words.end(), {"--start-tokens", "3", "--heal-tokens", "256"});
  run_well(words);
  EXPECT_EQ(record_of("otherwise").at("healing").at("start_tokens"), json::array({3}));
  EXPECT_EQ(record_of("otherwise").at("healing").at("tokens"), 256);
}

TEST_F(HealVerb, APolicyMayRecordWhatAnEarlierVersionKnew) {
  Rng rng(0);
  Policy policy;
  policy.network =
      PolicyNetwork(static_cast<std::int64_t>(feature_names().size()), NetworkOptions{.hidden = 4, .depth = 1}, rng);
  policy.features = feature_names();
  policy.recipe = {{"probe", {{"tokens", 512}, {"held_out_tokens", 128}, {"sketch_rows", 4096}}}};
  policy.curve = json::array();
  policy.provenance = json::object();
  save_policy("old.safetensors", policy);
  run_well(
      {"apply", "--model", model("small"), "--policy", "old.safetensors", "--ratio", "0.5", "--heal", "--out", "out"});
  EXPECT_EQ(record_of("out").at("healing").at("tokens"), 512);
}

TEST_F(HealVerb, NothingRemovedIsNothingHealed) {
  write_plan("all.json", 192, 192);
  const Finished finished = run_well(apply("out", {"--heal"}, "all.json"));
  EXPECT_THAT(finished.out, HasSubstr("none: no neuron is removed"));
  EXPECT_FALSE(record_of("out").contains("healing"));
  run_well({"verify", "out", "--against", model("small")});
}

TEST_F(HealVerb, AProbeOfAnotherModelIsRefusedWithBothDigests) {
  run_well({"probe", "--model", model("large"), "--tokens", "64", "--held-out-tokens", "64", "--out", "p.safetensors"});
  expect_failure(healing("out", {"--probe", "p.safetensors"}), 3,
                 {"p.safetensors", "another model", "'large'", "SHA-256"});
  EXPECT_THAT(names(), ElementsAre("p.safetensors", "plan.json")) << "nothing is left behind";
}

TEST_F(HealVerb, WhatCannotBeDoneIsRefusedFirst) {
  expect_failure(apply("out", {"--heal-tokens", "512"}), 2, {"are for --heal"});
  expect_failure(apply("out", {"--probe", "p.safetensors"}), 2, {"are for --heal"});
  expect_failure(healing("out", {"--heal-form", "twice"}), 2, {"--heal-form twice", "one-shot"});
  expect_failure(healing("out", {"--heal-form", "one-shot"}), 2, {"needs the moments of a --probe"});
  expect_failure(healing("out", {"--probe", "p.safetensors", "--heal-form", "one-shot", "--heal-correction", "0.5"}), 2,
                 {"never runs the pruned model"});
  expect_failure(healing("out", {"--heal-correction", "1.5"}), 2, {"correction of 1.5", "[0, 1]"});
  expect_failure(healing("out", {"--probe", "p.safetensors", "--heal-tokens", "512"}), 2, {"--probe excludes"});
  expect_failure(healing("out", {"--probe", "p.safetensors"}), 3, {"p.safetensors"});
  expect_failure(healing("out", {"--heal-tokens", "95"}), 2, {"96 kept neurons", "95 tokens", "singular"});
  expect_failure(healing("out", {"--heal-held-out-tokens", "0"}), 2, {"held_out_tokens", "at least 1"});
  expect_failure(healing("out", {"--start-tokens", "1000000"}), 2, {"1000000", "vocabulary"});
  EXPECT_THAT(names(), ElementsAre("plan.json"));
}

}  // namespace
}  // namespace prunenet::testing
