#include "prunenet/report/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "report/cell.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using nlohmann::json;
using testing::cell;
using ::testing::ElementsAre;
using testing::expect_error;
using testing::TemporaryDirectory;
using testing::write_file;

RecordFile in_file(const std::string& name, const json& value) {
  return {name, record_from_json(value, name)};
}

std::vector<std::string> labels(const Comparison& comparison) {
  std::vector<std::string> found;
  for (const Method& method : comparison.methods) found.push_back(method.label);
  return found;
}

TEST(Comparison, GathersSeedsIntoCells) {
  const std::vector<RecordFile> files{
      in_file("1", cell("worse", 0.3, 1, 50.0)), in_file("2", cell("worse", 0.2, 0, 30)),
      in_file("3", cell("worse", 0.3, 0, 60.0)), in_file("4", cell("better", 0.3, 0, 40)),
      in_file("5", cell("dense", 0, nullptr, 20.0))};
  const std::vector<Comparison> comparisons = compare_records(files);
  ASSERT_EQ(comparisons.size(), 1U);
  const Comparison& comparison = comparisons.front();
  EXPECT_EQ(comparison.ratio, 0.3) << "both methods have it";
  EXPECT_THAT(labels(comparison), ElementsAre("better", "worse"));
  EXPECT_THAT(comparison.texts, ElementsAre("a.txt"));
  ASSERT_NE(comparison.dense, nullptr);
  EXPECT_EQ(perplexity_of(*comparison.dense, "a.txt"), 20.0);
  const Method& worse = comparison.methods[1];
  ASSERT_EQ(worse.cells.size(), 2U);
  EXPECT_EQ(worse.cells[0].ratio, 0.2);
  EXPECT_THAT(worse.at(0.3)->values([](const Record& record) { return perplexity_of(record, "a.txt"); }),
              ElementsAre(60.0, 50.0));
  EXPECT_EQ(worse.at(0.5), nullptr);
}

TEST(Comparison, KeepsModelsAndFailuresApart) {
  json other = cell("random", 0.3, 0, 50.0);
  other["model"]["name"] = "large";
  json failed = cell("random", 0.3, 0, 50.0);
  failed["status"] = "failed";
  failed["error"] = "not enough memory";
  const std::vector<RecordFile> files{in_file("1", failed), in_file("2", other)};
  const std::vector<Comparison> comparisons = compare_records(files);
  ASSERT_EQ(comparisons.size(), 2U);
  EXPECT_EQ(comparisons[0].model, "tiny");
  EXPECT_TRUE(comparisons[0].methods.empty());
  ASSERT_EQ(comparisons[0].failed.size(), 1U);
  EXPECT_EQ(comparisons[0].failed.front()->error(), "not enough memory");
  EXPECT_THAT(labels(comparisons[1]), ElementsAre("random"));
}

TEST(Comparison, OptionsTellMethodsOfOneNameApart) {
  json with_bias = cell("flap", 0.3, 0, 41.0);
  with_bias["method"]["options"] = {{"bias", true}};
  const std::vector<RecordFile> files{in_file("1", cell("flap", 0.3, 0, 43.0)), in_file("2", with_bias)};
  EXPECT_THAT(labels(compare_records(files).front()), ElementsAre("flap, bias true", "flap"));
}

TEST(ComparisonErrors, SameCellTwice) {
  const std::vector<RecordFile> files{in_file("runs/1.json", cell("flap", 0.3, 7, 43.0)),
                                      in_file("runs/2.json", cell("flap", 0.3, 7, 44.0))};
  expect_error(ErrorKind::kMismatch, {"runs/1.json", "runs/2.json", "flap", "0.3", "seed 7"},
               [&] { static_cast<void>(compare_records(files)); });
  const std::vector<RecordFile> dense{in_file("1", cell("dense", 0, 0, 20.0)), in_file("2", cell("dense", 0, 1, 20.0))};
  expect_error(ErrorKind::kMismatch, {"same cell", "dense"}, [&] { static_cast<void>(compare_records(dense)); });
}

TEST(ComparisonErrors, AnotherRuleOfMeasurement) {
  json other = cell("random", 0.3, 0, 50.0);
  other["perplexity"][0]["context"] = 128;
  const std::vector<RecordFile> files{in_file("1.json", cell("flap", 0.3, 0, 43.0)), in_file("2.json", other)};
  expect_error(ErrorKind::kMismatch, {"1.json", "2.json", "context of a.txt", "64", "128"},
               [&] { static_cast<void>(compare_records(files)); });
}

TEST(ReadRecords, TakesFilesAndDirectories) {
  const TemporaryDirectory directory;
  write_record(directory / "b.json", Record{cell("flap", 0.3, 1, 43.0)});
  write_record(directory / "a.json", Record{cell("flap", 0.3, 0, 43.0)});
  write_file(directory / "notes.txt", "not a record");
  const auto records = read_records({directory.path(), directory / "b.json"});
  ASSERT_EQ(records.size(), 2U) << "a file that is named twice is one record";
  EXPECT_EQ(records[0].file.filename(), "a.json");
  EXPECT_EQ(records[1].file.filename(), "b.json");
}

TEST(ReadRecordsErrors, NothingToRead) {
  const TemporaryDirectory directory;
  expect_error(ErrorKind::kBadInput, {"no record", directory.path().string()},
               [&] { static_cast<void>(read_records({directory.path()})); });
  expect_error(ErrorKind::kBadInput, {"missing.json", "no such file"},
               [&] { static_cast<void>(read_records({directory / "missing.json"})); });
}

TEST(Accuracy, IsTakenPerCharacterWhereATaskHasThat) {
  json value = cell("flap", 0.3, 0, 43.0);
  value["tasks"] = {{{"file", "t.jsonl"},
                     {"acc", 0.5},
                     {"stderr", 0.02},
                     {"acc_norm", 0.6},
                     {"acc_norm_stderr", 0.03},
                     {"chance", 0.25}}};
  json dense = cell("dense", 0, nullptr, 20.0);
  dense["tasks"] = {{{"file", "t.jsonl"}, {"acc", 0.7}, {"acc_norm", 0.75}}};
  const Record pruned = record_from_json(value, "1");
  const Record whole = record_from_json(dense, "2");
  const Accuracy alone = accuracy_of(pruned, "t.jsonl", nullptr).value();
  EXPECT_EQ(alone.value, 0.6);
  EXPECT_EQ(alone.error, 0.03);
  EXPECT_FALSE(alone.retention.has_value());
  const Accuracy beside = accuracy_of(pruned, "t.jsonl", &whole).value();
  EXPECT_DOUBLE_EQ(beside.retention.value(), 0.8);
  EXPECT_DOUBLE_EQ(beside.retention_error.value(), 0.04);
  EXPECT_DOUBLE_EQ(beside.retention_above_chance.value(), 0.35 / 0.5);
  EXPECT_FALSE(retention_above_chance(0.4, 0.5, 0.5, 0.0).has_value()) << "the dense model knows nothing of the task";
  EXPECT_FALSE(retention_above_chance(0.52, 0.51, 0.5, 0.02).has_value()) << "or nothing that could be told from noise";
  EXPECT_DOUBLE_EQ(retention_above_chance(0.4, 0.6, 0.5, 0.02).value(), -1.0);
  EXPECT_FALSE(accuracy_of(pruned, "u.jsonl", &whole).has_value());
}

TEST(Accuracy, RetentionOfAMeanIsThatOfTheMeans) {
  // The dense model is at chance in the second task: on its own that one has no retention above chance.
  json value = cell("flap", 0.3, 0, 43.0);
  value["tasks"] = {{{"file", "t.jsonl"}, {"acc", 0.35}, {"stderr", 0.02}, {"chance", 0.25}},
                    {{"file", "u.jsonl"}, {"acc", 0.49}, {"stderr", 0.02}, {"chance", 0.5}}};
  json dense = cell("dense", 0, nullptr, 20.0);
  dense["tasks"] = {{{"file", "t.jsonl"}, {"acc", 0.45}, {"stderr", 0.02}},
                    {{"file", "u.jsonl"}, {"acc", 0.5}, {"stderr", 0.02}}};
  const Record pruned = record_from_json(value, "1");
  const Record whole = record_from_json(dense, "2");
  EXPECT_FALSE(accuracy_of(pruned, "u.jsonl", &whole)->retention_above_chance.has_value());
  Comparison comparison;
  comparison.tasks = {"t.jsonl", "u.jsonl"};
  comparison.dense = &whole;
  const Accuracy mean = mean_accuracy_of(pruned, comparison).value();
  EXPECT_DOUBLE_EQ(mean.retention.value(), 0.42 / 0.475);
  EXPECT_NEAR(mean.retention_above_chance.value(), (0.42 - 0.375) / (0.475 - 0.375), 1e-12);
}

TEST(Accuracy, MeanNeedsEveryTask) {
  json value = cell("flap", 0.3, 0, 43.0);
  value["tasks"] = {{{"file", "t.jsonl"}, {"acc", 0.5}, {"stderr", 0.03}, {"retention", 0.8}},
                    {{"file", "u.jsonl"}, {"acc", 0.7}, {"stderr", 0.04}, {"retention", 0.9}}};
  const Record record = record_from_json(value, "1");
  Comparison comparison;
  comparison.tasks = {"t.jsonl", "u.jsonl"};
  const Accuracy mean = mean_accuracy_of(record, comparison).value();
  EXPECT_DOUBLE_EQ(mean.value, 0.6);
  EXPECT_DOUBLE_EQ(mean.error.value(), std::sqrt(0.03 * 0.03 + 0.04 * 0.04) / 2);
  EXPECT_DOUBLE_EQ(mean.retention.value(), 0.85);
  EXPECT_FALSE(mean.retention_above_chance.has_value());
  comparison.tasks.emplace_back("v.jsonl");
  EXPECT_FALSE(mean_accuracy_of(record, comparison).has_value());
}

}  // namespace
}  // namespace prunenet
