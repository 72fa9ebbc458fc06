// The command on models and policies whose numbers are damaged, dead, doubled, huge or saturated.
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "command_test.h"
#include "prunenet/core/dtype.h"
#include "prunenet/core/file.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr const char* kUp = "model.layers.1.mlp.up_proj.weight";
constexpr const char* kTinyRecipe =
    "probe: {tokens: 256, held_out_tokens: 64, sequence_length: 32}\n"
    "train: {steps: 4, layers_per_step: 2, validate_every: 2, hidden: 8}\n";
constexpr const char* kComparison =
    "ratios: [0.5]\nseeds: [0]\nmethods: [{name: magnitude}]\n"
    "probe: {tokens: 64, sequence_length: 32}\n"
    "evaluation: {texts: [TEXT], context: 32, windows: 2, tasks: []}\n";

using Change = std::function<void(std::span<float> values)>;

/// Where a tensor's bytes lie in a safetensors file.
struct Place {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  Dtype dtype = Dtype::kF32;
};

Place place_of(const std::string& path, const std::string& name) {
  const std::string content = read_text_file(path);
  std::uint64_t header = 0;
  std::memcpy(&header, content.data(), sizeof(header));
  const json entry = json::parse(content.substr(sizeof(header), header)).at(name);
  const auto begin = entry.at("data_offsets").at(0).get<std::uint64_t>();
  return {.begin = sizeof(header) + header + begin,
          .bytes = entry.at("data_offsets").at(1).get<std::uint64_t>() - begin,
          .dtype = parse_dtype(entry.at("dtype").get<std::string>()).value()};
}

std::string tensor_of(const std::string& path, const std::string& name) {
  const Place place = place_of(path, name);
  return read_text_file(path).substr(place.begin, place.bytes);
}

void overwrite(const std::string& path, std::uint64_t at, const void* bytes, std::size_t size) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  ASSERT_TRUE(file.good());
}

void change_tensor(const std::string& path, const std::string& name, const Change& change) {
  const Place place = place_of(path, name);
  const std::string stored = tensor_of(path, name);
  std::vector<float> values = to_floats(std::as_bytes(std::span(stored)), place.dtype);
  change(values);
  const std::vector<std::byte> bytes = from_floats(values, place.dtype);
  overwrite(path, place.begin, bytes.data(), bytes.size());
}

class Numeric : public CommandTest {
 protected:
  Numeric() {
    std::filesystem::copy(model("small"), path("model"));
    write_file(path("tiny.yaml"), kTinyRecipe);
    std::string comparison = kComparison;
    comparison.replace(comparison.find("TEXT"), 4, text());
    write_file(path("compare.yaml"), comparison);
  }
  void change(const std::string& tensor, const Change& change) const {
    change_tensor(path("model/model.safetensors"), tensor, change);
  }
  void train(const std::string& from) const {
    run_well({"train", "--model", from, "--recipe", "tiny.yaml", "--out", "p.safetensors", "--seed", "1", "--quiet"});
  }
  [[nodiscard]] static std::vector<std::string> apply(const std::string& out) {
    return {"apply", "--model", "model", "--policy", "p.safetensors", "--ratio", "0.5", "--out", out, "--quiet"};
  }
  [[nodiscard]] double perplexity(const std::string& of) const {
    const Finished eval = run_well({"eval", "--model", of, "--text", text(), "--windows", "2", "--json", "-"});
    return json::parse(eval.out).at("perplexity").at(0).at("ppl").get<double>();  // null is no number: throws
  }
  /// As a process: exit code 1, one line that holds the fragments, and no output left behind.
  void expect_program_fails(const std::vector<std::string>& arguments,
                            const std::vector<std::string>& fragments) const {
    const std::vector<std::string> before = names();
    const Finished finished = run_program(arguments);
    EXPECT_EQ(finished.exit_code, 1) << finished.err;
    expect_one_line(finished, arguments.front(), fragments);
    EXPECT_EQ(names(), before);
  }
};

TEST_F(Numeric, WeightThatIsNotANumberIsNamedByEveryCommandThatComputesWithIt) {
  train("model");
  change(kUp, [](std::span<float> values) { values[1234] = kNan; });
  const std::vector<std::string> named{kUp, "element 1234 of ", "nan"};
  expect_program_fails({"train", "--model", "model", "--recipe", "tiny.yaml", "--out", "q.safetensors", "--quiet"},
                       named);
  expect_program_fails(apply("out"), named);
  expect_program_fails({"eval", "--model", "model", "--text", text(), "--json", "-", "--quiet"}, named);
  expect_program_fails({"compare", "--recipe", "compare.yaml", "--model", "model", "--out", "cells", "--quiet"}, named);
}

TEST_F(Numeric, CopiedWeightThatIsNotANumberKeepsItsBits) {
  const std::string weights = path("model/model.safetensors");
  const std::string copied = "model.layers.1.self_attn.q_proj.weight";
  const std::string cut = "model.layers.1.mlp.down_proj.weight";
  train("model");
  std::vector<std::string> words = apply("unused");
  words.insert(words.end(), {"--dry-run", "--plan-out", "plan.json"});
  run_well(words);
  const std::uint64_t kept = json::parse(file("plan.json")).at("keep_indices").at(1).at(0);
  const std::uint16_t signalling = 0xFFA1;  // bfloat16: negative, not quiet, with a payload
  overwrite(weights, place_of(weights, copied).begin, &signalling, sizeof(signalling));
  overwrite(weights, place_of(weights, cut).begin + kept * sizeof(signalling), &signalling, sizeof(signalling));

  run_well({"apply", "--model", "model", "--from-plan", "plan.json", "--out", "out", "--quiet"});
  EXPECT_EQ(tensor_of("out/model.safetensors", copied), tensor_of(weights, copied));
  EXPECT_EQ(tensor_of("out/model.safetensors", cut).substr(0, 2), "\xA1\xFF");
}

TEST_F(Numeric, DeadAndDoubledNeuronsTrainApplyAndEvaluate) {
  for (const std::string layer : {"0", "2"}) {
    for (const char* map : {"gate", "up"}) {
      change("model.layers." + layer + ".mlp." + map + "_proj.weight", [](std::span<float> values) {
        std::fill(values.begin(), values.begin() + 48 * 20, 0.0F);            // 20 dead neurons of d = 48
        std::copy_n(values.begin() + 48 * 30, 48, values.begin() + 48 * 31);  // a doubled one
      });
    }
  }
  change("model.layers.1.mlp.down_proj.weight", [](std::span<float> values) { std::ranges::fill(values, 0.0F); });
  train("model");
  run_well(apply("out"));
  EXPECT_GT(perplexity("out"), 1.0);
}

TEST_F(Numeric, SaturatedPolicyAppliesAndADamagedOneIsRefused) {
  train("model");
  const auto scale = [this](float factor) {
    for (const char* tensor : {"layers_2.weight", "layers_2.bias"}) {
      change_tensor(path("p.safetensors"), tensor, [factor](std::span<float> values) {
        for (float& value : values) value *= factor;
      });
    }
  };
  run_well(apply("before"));
  scale(0x1.0p100F);  // 1e30: exact, so that the order stays
  run_well(apply("after"));
  EXPECT_EQ(file("before/model.safetensors"), file("after/model.safetensors"));
  change_tensor(path("p.safetensors"), "layers_1.weight", [](std::span<float> values) { values[5] = kNan; });
  std::vector<std::string> damaged = apply("out");
  damaged.pop_back();  // --quiet, which is added
  expect_failure(damaged, 3, {"p.safetensors", "'layers_1.weight'", "element 5 of ", "nan"});
}

TEST_F(Numeric, LossThatIsNoNumberIsSaidAndNotPrinted) {
  change("model.norm.weight", [](std::span<float> values) { std::ranges::fill(values, 1e38F); });
  expect_program_fails({"eval", "--model", "model", "--text", text(), "--json", "-", "--quiet"},
                       {"heldout.txt", "window 0 of ", "the loss of token ", "nan"});
  expect_program_fails({"generate", "--model", "model", "--prompt", "Alice", "--tokens", "4", "--quiet"},
                       {"logit of token"});
}

}  // namespace
}  // namespace prunenet::testing
