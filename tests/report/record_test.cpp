#include "prunenet/report/record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using nlohmann::json;
using testing::expect_error;
using testing::TemporaryDirectory;
using testing::write_file;

/// Every field there is.
json whole() {
  return json::parse(R"json({
    "format": "prunenet.record", "format_version": 1, "status": "done",
    "model": {"name": "tiny", "parameters": 1000, "bytes": 4000, "layers": 2, "intermediate_size": 6, "sha256": "ab"},
    "method": {"name": "flap", "label": "FLAP (WIFV)", "options": {"bias": false}, "built_in": true},
    "data": "calibration", "calibration": {"file": "c.txt", "sha256": "cd", "tokens": 512},
    "ratio": 0.3, "achieved_ratio": 0.25, "seed": 7, "parameters": 900, "bytes": 3600,
    "seconds": {"training": null, "selection": 12.5, "apply": 3.5, "evaluation": 70}, "peak_rss_bytes": 7000000,
    "perplexity": [{"file": "a.txt", "ppl": 46.5, "nll": 3.84, "windows": 8, "context": 1024, "tokens": 8184,
                    "text_tokens": 9000, "dtype": "F32", "seconds": 1, "tokens_per_second": 400, "sha256": "ef"}],
    "tasks": [{"file": "p.jsonl", "n": 400, "acc": 0.6, "stderr": 0.02, "acc_norm": 0.61, "acc_norm_stderr": 0.02,
               "seconds": 2, "chance": 0.5, "retention": 0.85, "retention_above_chance": -0.1}],
    "layers": {"keep_indices": [[0, 1, 5], []], "distortion": {"schatten2 of response": [0.1, 0.2]}},
    "spectrum": {"layer": 1, "dense": [3, 2], "pruned": [2, 1]},
    "curve": [{"step": 0, "validation_reward": -1.5, "train_reward": 1, "score_spread": 0.5, "seconds": 0}],
    "version": "0.1.0", "command_line": "prunenet compare"
})json");
}

/// What a record written by hand needs.
json least() {
  return json::parse(R"({"format": "prunenet.record", "format_version": 1, "status": "done", "model": {"name": "tiny"},
                         "method": {"name": "slicegpt"}, "data": "calibration", "ratio": 0.3})");
}

void expect_refused(const json& value, std::initializer_list<std::string> fragments,
                    ErrorKind kind = ErrorKind::kBadInput) {
  expect_error(kind, fragments, [&] { static_cast<void>(record_from_json(value, "runs/a.json")); });
}

/// `whole()` with one value changed, by its pointer.
void expect_refused_with(const std::string& pointer, const json& value, std::initializer_list<std::string> fragments) {
  json changed = whole();
  changed[json::json_pointer(pointer)] = value;
  SCOPED_TRACE(pointer);
  expect_refused(changed, {"runs/a.json"});
  expect_refused(changed, fragments);
}

TEST(Record, IsReadFieldByField) {
  const Record record = record_from_json(whole(), "a.json");
  EXPECT_FALSE(record.failed());
  EXPECT_EQ(record.error(), "");
  EXPECT_EQ(record.model(), "tiny");
  EXPECT_EQ(record.method(), "flap");
  EXPECT_EQ(record.label(), "FLAP (WIFV)");
  EXPECT_EQ(record.options(), "{\"bias\":false}");
  EXPECT_FALSE(record.is_dense());
  EXPECT_EQ(record.data(), "calibration");
  EXPECT_EQ(record.ratio(), 0.3);
  EXPECT_EQ(record.seed(), 7);
  EXPECT_EQ(record.number("/seconds/selection"), 12.5);
  EXPECT_EQ(record.number("/seconds/training"), std::nullopt);
  EXPECT_EQ(record.part("/layers/keep_indices"), json::parse("[[0, 1, 5], []]"));
}

TEST(Record, NeedsLittle) {
  const Record record = record_from_json(least(), "a.json");
  EXPECT_EQ(record.label(), "slicegpt");
  EXPECT_EQ(record.options(), "");
  EXPECT_EQ(record.seed(), std::nullopt);
  EXPECT_EQ(record.number("/seconds/training"), std::nullopt);
  EXPECT_EQ(record.part("/perplexity"), json::array());
}

TEST(Record, OptionalFieldsMayBeNull) {
  json value = whole();
  for (auto& [key, entry] : value.items()) {
    if (!least().contains(key)) entry = nullptr;
  }
  EXPECT_EQ(record_from_json(value, "a.json").part("/tasks"), json::array());
}

TEST(Record, OfAFailureSaysWhy) {
  json value = least();
  value["status"] = "failed";
  value["error"] = "not enough memory";
  EXPECT_EQ(record_from_json(value, "a.json").error(), "not enough memory");
  EXPECT_TRUE(record_from_json(value, "a.json").failed());
}

TEST(Record, FileRoundTripChangesNothing) {
  const TemporaryDirectory directory;
  write_record(directory / "a.json", Record{whole()});
  EXPECT_EQ(read_record(directory / "a.json").json, whole());
}

TEST(RecordErrors, FilesThatAreNoRecords) {
  const TemporaryDirectory directory;
  expect_error(ErrorKind::kBadInput, {"a.json", "no such file"},
               [&] { static_cast<void>(read_record(directory / "a.json")); });
  write_file(directory / "a.json", "{\"format\": ");
  expect_error(ErrorKind::kBadInput, {"a.json"}, [&] { static_cast<void>(read_record(directory / "a.json")); });
  write_file(directory / "a.json", "{\"ratio\": 0.2, \"ratio\": 0.3}");
  expect_error(ErrorKind::kBadInput, {"a.json", "ratio"},
               [&] { static_cast<void>(read_record(directory / "a.json")); });
  expect_refused(json{1, 2}, {"runs/a.json", "[1,2]", "JSON object"});
}

TEST(RecordErrors, AreFoundBeforeAFileIsWritten) {
  const TemporaryDirectory directory;
  json value = whole();
  value["ratio"] = 2;
  expect_error(ErrorKind::kBadInput, {"a.json", "ratio"}, [&] { write_record(directory / "a.json", Record{value}); });
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(RecordErrors, FormatAndVersion) {
  expect_refused_with("/format", "prunenet-plan", {"\"format\"", "prunenet-plan", "prunenet.record"});
  expect_refused_with("/format_version", "1", {"\"format_version\"", "integer"});
  json value = whole();
  value["format_version"] = 2;
  expect_refused(value, {"runs/a.json", "format_version is 2", "reads 1"}, ErrorKind::kUnsupported);
}

TEST(RecordErrors, EveryMissingField) {
  const json needed = least();
  for (const auto& [field, ignored] : needed.items()) {
    json changed = needed;
    changed.erase(field);
    expect_refused(changed, {"runs/a.json", "\"" + field + "\""});
  }
  for (const std::string part : {"model", "method"}) {
    json changed = least();
    changed[part].erase("name");
    expect_refused(changed, {"in " + part, "\"name\" is missing"});
  }
}

TEST(RecordErrors, UnknownFieldsAreNamedWithTheKnownOnes) {
  expect_refused_with("/perplexities", json::array(), {"unknown field \"perplexities\"", "perplexity, tasks"});
  expect_refused_with("/model/size", 1, {"in model", "\"size\"", "intermediate_size"});
  expect_refused_with("/perplexity/0/perplexity", 1, {"in perplexity[0]", "\"perplexity\"", "ppl"});
  expect_refused_with("/seconds/train", 1, {"in seconds", "\"train\"", "training"});
  expect_refused_with("/curve/0/reward", 1, {"in curve[0]", "\"reward\"", "validation_reward"});
}

TEST(RecordErrors, ValuesOfAnotherTypeOrRange) {
  expect_refused_with("/status", "finished", {"\"status\" is \"finished\"", "\"done\", \"failed\""});
  expect_refused_with("/data", "wikitext", {"\"data\"", "\"none\", \"self-sampled\", \"calibration\""});
  expect_refused_with("/ratio", 0.96, {"\"ratio\" is 0.96", "[0, 0.95]"});
  expect_refused_with("/ratio", -0.1, {"\"ratio\" is -0.1"});
  expect_refused_with("/ratio", "0.3", {"\"ratio\" is \"0.3\""});
  expect_refused_with("/achieved_ratio", 1.5, {"\"achieved_ratio\" is 1.5"});
  expect_refused_with("/seed", -1, {"\"seed\" is -1", "at least 0"});
  expect_refused_with("/seed", 18446744073709551615ULL, {"18446744073709551615", "integer"});
  expect_refused_with("/parameters", 1.5, {"\"parameters\" is 1.5", "integer"});
  expect_refused_with("/model", "smollm2", {"\"model\" is \"smollm2\"", "object"});
  expect_refused_with("/model/name", "", {"\"model.name\" is \"\"", "text"});
  expect_refused_with("/method/built_in", "yes", {"\"method.built_in\"", "true or false"});
  expect_refused_with("/method/options", "bias", {"\"method.options\"", "object"});
  expect_refused_with("/seconds/selection", -1, {"\"seconds.selection\" is -1", "at least 0"});
  expect_refused_with("/perplexity", json::object(), {"\"perplexity\"", "list"});
  expect_refused_with("/tasks/0/acc", 60, {"\"tasks[0].acc\" is 60", "[0, 1]"});
  expect_refused_with("/layers/keep_indices/0/1", 1.5, {"\"layers.keep_indices[0][1]\" is 1.5", "integer"});
  expect_refused_with("/layers/distortion", json::array(), {"\"layers.distortion\"", "object"});
}

TEST(RecordErrors, NumbersThatAreNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  expect_refused_with("/perplexity/0/ppl", infinity, {"\"perplexity[0].ppl\"", "finite number above 0"});
  expect_refused_with("/perplexity/0/ppl", 0, {"\"perplexity[0].ppl\" is 0", "above 0"});
  expect_refused_with("/perplexity/0/ppl", nullptr, {"in perplexity[0]", "\"ppl\" is missing"});
  expect_refused_with("/layers/distortion/schatten2 of response/1", std::nan(""),
                      {"\"layers.distortion.schatten2 of response[1]\""});
  expect_refused_with("/spectrum/dense/0", infinity, {"\"spectrum.dense[0]\""});
  expect_refused_with("/curve/0/validation_reward", infinity, {"\"curve[0].validation_reward\"", "finite"});
  expect_refused_with("/tasks/0/retention", std::nan(""), {"\"tasks[0].retention\"", "finite"});
}

TEST(RecordErrors, FieldsThatDisagree) {
  expect_refused_with("/status", "failed", {"\"error\"", "reason"});
  expect_refused_with("/error", "out of memory", {"\"error\"", "absent"});
  expect_refused_with("/data", "none", {"\"calibration\"", "absent"});
  expect_refused_with("/method/name", "dense", {"\"ratio\" is 0.3", "dense"});
  expect_refused_with("/layers/keep_indices/0/2", 1, {"\"layers.keep_indices[0][2]\" is 1", "above"});
  expect_refused_with("/layers/keep_indices/0/2", 6, {"\"layers.keep_indices[0][2]\" is 6", "intermediate_size, 6"});
  expect_refused_with("/layers/keep_indices", json::parse("[[0]]"), {"\"layers.keep_indices\"", "2, not 1"});
  expect_refused_with("/layers/distortion/schatten2 of response", {0.5}, {"schatten2 of response", "2, not 1"});
}

}  // namespace
}  // namespace prunenet
