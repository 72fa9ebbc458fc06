#include "prunenet/prune/record.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;

PruneRecord some_record() {
  PruneRecord record;
  record.prunenet_version = "0.1.0";
  record.seed = 7;
  record.model = "dense";
  record.policy = {"p.safetensors", std::string(64, 'a')};
  record.sizes = {.intermediate_size_before = 6,
                  .intermediate_size_after = 2,
                  .largest_size_after = 2,
                  .parameters_before = 100,
                  .parameters_after = 70,
                  .bytes_before = 200,
                  .bytes_after = 140,
                  .macs_before = 90,
                  .macs_after = 60,
                  .requested_ratio = 0.7,
                  .ffn_ratio = 1.0 - 1.0 / 3.0,
                  .model_ratio = 0.3,
                  .bytes_ratio = 0.3,
                  .macs_ratio = 1.0 / 3.0};
  record.inputs = {{"config.json", std::string(64, 'b')}, {"additional_chat_templates/a.jinja", std::string(64, '0')}};
  record.outputs = {{"config.json", std::string(64, 'c')}};
  record.plan.source = "test";
  record.plan.intermediate_size = 6;
  record.plan.requested_ratio = 0.7;
  record.plan.keep_indices = {{0, 5}, {1, 2}};
  record.run = {"prunenet apply", 1.25, 4096};
  return record;
}

HealingRecord some_healing() {
  return {.form = "sequential",
          .correction = 0.5,
          .tokens = 16384,
          .held_out_tokens = 2048,
          .sequence_length = 256,
          .start_tokens = {1, 0},
          .temperature = 0.9,
          .seed = 3,
          .layers = {{1e-3, 0.4, 0.1, 0.5, 0.2}, {std::nullopt, 0.3, 0.3, 0.3, 0.3}}};
}

nlohmann::json some_json() {
  return nlohmann::json::parse(record_text(some_record()));
}

TEST(Record, ComesBackAsItWasWritten) {
  const PruneRecord record = some_record();
  const PruneRecord back = parse_record(record_text(record), "r");
  EXPECT_TRUE(differing_fields(record, back).empty());
  EXPECT_EQ(record_text(back), record_text(record));
  PruneRecord of_a_file = record;  // a GGUF file's
  of_a_file.seed.reset();
  of_a_file.policy.reset();
  of_a_file.outputs.clear();
  of_a_file.run.reset();
  of_a_file.sizes.largest_size_after = 4;
  EXPECT_EQ(record_text(parse_record(record_text(of_a_file), "r")), record_text(of_a_file));
}

TEST(Record, OfAHealedModelComesBack) {
  PruneRecord record = some_record();
  record.healing = some_healing();
  EXPECT_EQ(record_text(parse_record(record_text(record), "r")), record_text(record));
  const nlohmann::json layers = nlohmann::json::parse(record_text(record)).at("healing").at("layers");
  EXPECT_EQ(layers.at(0).at("lambda"), 1e-3);
  EXPECT_TRUE(layers.at(1).at("lambda").is_null()) << "the projection stayed as it was cut";
}

TEST(Record, FieldsThatDifferAreNamedWithTheirValues) {
  PruneRecord other = some_record();
  other.sizes.parameters_after = 71;
  other.inputs["more"] = std::string(64, 'd');
  EXPECT_THAT(differing_fields(some_record(), other),
              ::testing::UnorderedElementsAre("at '/parameters/after': 71 in place of 70",
                                              ::testing::StartsWith("at '/inputs/more': \"ddd")));
}

TEST(RecordErrors, OneForEachRule) {
  const auto refused = [](const char* patch, std::initializer_list<std::string> fragments) {
    nlohmann::json json = some_json();
    json.merge_patch(nlohmann::json::parse(patch));
    expect_error(ErrorKind::kBadInput, fragments, [&] { (void)parse_record(json.dump(), "r.json"); });
  };
  refused(R"({"format": "something"})", {"r.json", "\"format\"", "prunenet-record"});
  refused(R"({"colour": "red"})", {"/colour", "too much"});
  refused(R"({"model": null})", {"r.json", "model"});
  refused(R"({"model": 3})", {"r.json", "string"});
  refused(R"({"seed": -1})", {"\"seed\""});
  refused(R"({"parameters": {"after": 1.5}})", {"\"after\""});
  refused(R"({"bytes": {"before": 1e300}})", {"\"before\""});
  refused(R"({"down_bias_changed": 1})", {"r.json", "boolean"});
  refused(R"({"policy": {"sha256": "12"}})", {"'12'", "SHA-256"});
  refused(R"({"plan": {"keep_indices": [[5, 0], [1, 2]]}})", {"layer 0", "position 1"});
  refused(R"({"plan": {"keep_indices": [[0, 6], [1, 2]]}})", {"layer 0", "below 6"});
  for (const char* name : {"/etc/passwd", "../up", "a/../b", "./a", "folder/", ""}) {
    nlohmann::json json = some_json();
    json["inputs"] = {{name, std::string(64, 'a')}};
    expect_error(ErrorKind::kBadInput, {std::string(name), "no name of a file"},
                 [&] { (void)parse_record(json.dump(), "r.json"); });
  }
  refused(R"({"healing": {"form": "sequential"}})", {"r.json", "correction"});
  refused(R"({"healing": 3})", {"r.json"});
  expect_error(ErrorKind::kBadInput, {"r.json", "not a JSON object"}, [] { (void)parse_record("[]", "r.json"); });
}

TEST(RecordErrors, OtherVersions) {
  nlohmann::json json = some_json();
  json["format_version"] = 1;
  expect_error(ErrorKind::kUnsupported, {"format_version is 1", "reads 2"},
               [&] { (void)parse_record(json.dump(), "r.json"); });
}

}  // namespace
}  // namespace prunenet
