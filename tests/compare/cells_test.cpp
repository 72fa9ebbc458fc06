#include "prunenet/compare/cells.h"

#include <gtest/gtest.h>

#include <set>

namespace prunenet {
namespace {

using nlohmann::json;

ComparisonRecipe recipe_of(const json& extra = json::object()) {
  json recipe = {{"ratios", {0.3, 0.5}},
                 {"seeds", {0U, 4U}},
                 {"methods", {{{"name", "random"}}}},
                 {"evaluation", {{"texts", {"a.txt"}}}}};
  recipe.update(extra, true);
  return comparison_recipe_from_json(recipe);
}

const json kRandom = {{"name", "random"}};

TEST(Cells, AreRatiosTimesSeeds) {
  const auto cells = cells_of(kRandom, true, recipe_of(), {}, "out");
  ASSERT_EQ(cells.size(), 4U);
  EXPECT_EQ(cells[0].file, "out/random-0.3-seed-0.json");
  EXPECT_EQ(cells[1].file, "out/random-0.5-seed-0.json");
  EXPECT_EQ(cells[2].file, "out/random-0.3-seed-4.json");
  EXPECT_EQ(cells[3].seed, 4U);
}

TEST(Cells, WithoutSeedAreRatiosOnly) {
  const auto cells = cells_of(kRandom, false, recipe_of(), {}, "out");
  ASSERT_EQ(cells.size(), 2U);
  EXPECT_EQ(cells[0].file, "out/random-0.3.json");
  EXPECT_FALSE(cells[0].seed.has_value());
}

TEST(Cells, MeasureTasksAtTheirRatios) {
  const json some = {{"evaluation", {{"tasks", {"t.jsonl"}}, {"task_ratios", {0.5}}}}};
  const auto cells = cells_of(kRandom, false, recipe_of(some), {}, "out");
  EXPECT_FALSE(cells[0].with_tasks);
  EXPECT_TRUE(cells[1].with_tasks);
  EXPECT_TRUE(dense_cell(recipe_of(some), {}, "out").with_tasks);
  EXPECT_FALSE(dense_cell(recipe_of(), {}, "out").with_tasks);
}

TEST(Cells, MeasureTasksForTheirSeeds) {
  const json some = {{"evaluation", {{"tasks", {"t.jsonl"}}, {"task_seeds", {5}}}}};
  for (const CellSpec& cell : cells_of(kRandom, true, recipe_of(some), {}, "out")) {
    EXPECT_EQ(cell.with_tasks, *cell.seed == 5) << *cell.seed;
  }
  for (const CellSpec& cell : cells_of(kRandom, false, recipe_of(some), {}, "out")) EXPECT_TRUE(cell.with_tasks);
}

TEST(Cells, HaveKeysOfEverythingThatDecidesThem) {
  std::set<std::string> keys;
  const auto add = [&](const json& extra, const json& fixed = json::object(), const json& method = kRandom) {
    for (const CellSpec& cell : cells_of(method, true, recipe_of(extra), fixed, "out")) {
      EXPECT_TRUE(keys.insert(cell.key).second) << extra << fixed << method;
    }
  };
  add(json::object());
  add({{"round_to", "8"}});
  add({{"evaluation", {{"windows", 3}}}});
  add({{"evaluation", {{"context", 64}}}});
  add({{"evaluation", {{"distortions", {"ks of gate"}}}}});
  add({{"probe", {{"tokens", 100}}}});
  add({{"calibration", {{"windows", 3}}}});
  add({{"evaluation", {{"tasks", {"t"}}}}});
  add(json::object(), {{"model", "another"}});
  add(json::object(), json::object(), {{"name", "random"}, {"label", "other"}});
}

TEST(Cells, HaveTheSameKeyWhateverElseIsCompared) {
  const std::string key = cells_of(kRandom, true, recipe_of(), {}, "out")[0].key;
  const json more = {{"ratios", {0.3, 0.4, 0.5}}, {"seeds", {0U}}, {"methods", {kRandom, {{"name", "flap"}}}}};
  EXPECT_EQ(cells_of(kRandom, true, recipe_of(more), {}, "elsewhere")[0].key, key);
}

TEST(Cells, FileNamesAreSafe) {
  EXPECT_EQ(file_name_of("FLAP (WIFV), bias true"), "flap-wifv-bias-true");
  EXPECT_EQ(file_name_of("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(file_name_of("\xC3\xA4"), "method");
}

}  // namespace
}  // namespace prunenet
