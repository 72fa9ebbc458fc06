// `prunenet verify` as a process: what it prints and how it ends.
#include <nlohmann/json.hpp>

#include <numeric>

#include "command_test.h"
#include "prunenet/plan/plan.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Verify : public CommandTest {
 protected:
  /// Prunes the small trained model by a plan of no policy's.
  void apply(const std::string& input, const std::string& out) const {
    Plan plan;
    plan.source = "test";
    plan.intermediate_size = 192;
    std::vector<std::int64_t> keep(128);
    std::iota(keep.begin(), keep.end(), std::int64_t{32});
    plan.keep_indices.assign(4, keep);
    write_file(path("plan.json"), to_json(plan).dump());
    run_well({"apply", "--model", input, "--from-plan", "plan.json", "--out", out});
  }
};

TEST_F(Verify, AllHolds) {
  apply(model("small"), "out");
  const Finished finished = run_program({"verify", "out", "--against", model("small"), "--quiet"});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.err, "");
  EXPECT_THAT(finished.out, HasSubstr("tensors that were cut        12       0\n"));
  EXPECT_THAT(finished.out, HasSubstr("all of it holds\n"));
  const json record = json::parse(run_well({"verify", "out", "--against", model("small"), "--json", "-"}).out);
  EXPECT_EQ(record.at("holds"), true);
  EXPECT_EQ(record.at("failed"), 0);
  EXPECT_EQ(record.at("failures"), json::array());
  EXPECT_EQ(record.at("checks").at(0), (json{{"check", "record"}, {"held", 1}, {"failed", 0}}));
}

TEST_F(Verify, SomethingDoesNotHold) {
  apply(model("small"), "out");
  write_file(path("out") + "/tokenizer.json", "{}");
  const Finished finished = run_program({"verify", "out", "--against", model("small"), "--quiet", "--json", "v.json"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.out, HasSubstr("failed: tokenizer.json: SHA-256 is "));
  EXPECT_EQ(finished.err, "prunenet verify: error: out: 1 thing is not as it should be\n");
  const json record = json::parse(file("v.json"));
  EXPECT_EQ(record.at("holds"), false);
  EXPECT_EQ(record.at("failures").at(0).at("file"), "tokenizer.json");
}

TEST_F(Verify, GgufFiles) {
  run_well({"export", "--model", model("small"), "--gguf", "m.gguf"});
  apply("m.gguf", "p.gguf");
  EXPECT_THAT(run_well({"verify", "p.gguf", "--against", "m.gguf"}).out, HasSubstr("all of it holds\n"));
  run_well({"export", "--model", model("small"), "--gguf", "other.gguf", "--type", "f16"});
  EXPECT_EQ(run({"verify", "p.gguf", "--against", "other.gguf", "--quiet"}).exit_code, 1);
}

TEST_F(Verify, ThePolicyIsTheOneThatMadeIt) {
  apply(model("small"), "out");
  write_file(path("p.safetensors"), "a policy");
  const Finished finished = run({"verify", "out", "--against", model("small"), "--policy", "p.safetensors", "--quiet"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.out, HasSubstr("p.safetensors: the record names no policy"));
}

TEST_F(Verify, WhatCannotBeLookedAt) {
  expect_failure({"verify", "--against", model("small")}, 2, {"--output is missing"});
  expect_failure({"verify", model("small")}, 2, {"--against is missing"});
  expect_failure({"verify", model("small"), "--against", "m.gguf"}, 2, {"one is a GGUF file"});
  expect_failure({"verify", "nowhere", "--against", model("small")}, 3, {"nowhere", "no such model"});
  expect_failure({"verify", model("large"), "--against", model("small")}, 3, {"no prunenet.json"});
  apply(model("small"), "out");
  expect_failure({"verify", "out", "--against", "nowhere"}, 3, {"nowhere"});
  expect_failure({"verify", "out", "--against", model("small"), "--policy", "nowhere"}, 3, {"nowhere"});
}

}  // namespace
}  // namespace prunenet::testing
