#include <nlohmann/json.hpp>

#include "command_test.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;

class Compare : public CommandTest {
 protected:
  /// A recipe of two methods on a few tokens of the shipped text.
  static void write_recipe(const std::string& methods) {
    std::ofstream("compare.yaml") << "ratios: [0.3]\n"
                                     "evaluation:\n"
                                     "  texts: ["
                                  << text()
                                  << "]\n"
                                     "  context: 64\n"
                                     "  windows: 2\n"
                                     "  distortions: [ks of gate]\n"
                                     "probe: {tokens: 128, sequence_length: 64}\n"
                                     "methods:\n"
                                  << methods;
  }
  static std::vector<std::string> words() {
    return {"compare", "--recipe", "compare.yaml", "--model", model("small"), "--out", "records"};
  }
};

TEST_F(Compare, WritesRecordsAndSaysHowMany) {
  write_recipe("  - {name: random}\n  - {name: magnitude, matrix: up}\n");
  EXPECT_THAT(run_well(words()).out, ::testing::HasSubstr("records: 3 cells measured, 0 there already, 0 failed"));
  EXPECT_THAT(run_well(words()).out, ::testing::HasSubstr("records: 0 cells measured, 3 there already, 0 failed"));
  const json record = json::parse(file("records/magnitude-up-0.3.json"));
  EXPECT_EQ(record.at("status"), "done");
  EXPECT_THAT(record.at("command_line").get<std::string>(), ::testing::StartsWith("prunenet compare --recipe"));
}

TEST_F(Compare, ReadsAPolicysRecipeFromItsFile) {
  std::ofstream("policy.yaml") << "probe: {tokens: 64, held_out_tokens: 32, sequence_length: 16}\n"
                                  "train: {steps: 2, validate_every: 1, hidden: 8, depth: 1}\n";
  write_recipe("  - {name: policy, label: ours, recipe: policy.yaml}\n");
  run_well(words());
  const json record = json::parse(file("records/ours-0.3-seed-0.json"));
  EXPECT_EQ(record.at("curve").size(), 2U);
  EXPECT_EQ(record.at("method").at("options").at("recipe").at("train").at("steps"), 2);
}

TEST_F(Compare, RefusesBadInputInOneLine) {
  expect_failure({"compare", "--model", model("small"), "--out", "records"}, 2, {"--recipe", "--help"});
  write_recipe("  - {name: random}\n");
  expect_failure({"compare", "--recipe", "compare.yaml", "--out", "records"}, 2, {"--model", "--help"});
  expect_failure({"compare", "--recipe", "missing.yaml", "--model", model("small"), "--out", "records"}, 3,
                 {"missing.yaml"});
  expect_failure({"compare", "--recipe", "compare.yaml", "--model", "nowhere", "--out", "records"}, 3, {"nowhere"});
  write_recipe("  - {name: random, size: 3}\n");
  expect_failure(words(), 2, {"'random'", "'size'"});
  write_recipe("  - {name: wanda-sp}\n");
  expect_failure(words(), 2, {"'wanda-sp'", "--calibration"});
  EXPECT_THAT(names(), ::testing::Not(::testing::Contains("records")));
}

TEST_F(Compare, RefusesARecordOfAnotherVersion) {
  write_recipe("  - {name: random}\n");
  run_well(words());
  json record = json::parse(file("records/random-0.3-seed-0.json"));
  record["format_version"] = 99;
  std::ofstream("records/random-0.3-seed-0.json") << record;
  expect_failure(words(), 3, {"random-0.3-seed-0.json", "99", "1"});
}

}  // namespace
}  // namespace prunenet::testing
