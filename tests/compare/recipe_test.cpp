#include "prunenet/compare/recipe.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace prunenet {
namespace {

using nlohmann::json;
using testing::expect_error;

json smallest() {
  return {{"methods", {{{"name", "random"}}}}, {"evaluation", {{"texts", {"a.txt"}}}}};
}

void expect_refused(const json& recipe, std::initializer_list<std::string> fragments) {
  expect_error(ErrorKind::kInvalidArgument, fragments, [&] { (void)comparison_recipe_from_json(recipe); });
}

TEST(ComparisonRecipe, HasDefaults) {
  const ComparisonRecipe recipe = comparison_recipe_from_json(smallest());
  EXPECT_EQ(recipe.ratios, (std::vector<double>{0.2, 0.3, 0.5}));
  EXPECT_EQ(recipe.seeds, (std::vector<std::uint64_t>{0}));
  EXPECT_EQ(recipe.round_to, "none");
  EXPECT_EQ(recipe.evaluation.windows.context, 1024);
  EXPECT_EQ(recipe.evaluation.distortions, default_distortions());
  EXPECT_EQ(recipe.probe.held_out_tokens, 0);
}

TEST(ComparisonRecipe, ReadsEveryKey) {
  json recipe = smallest();
  recipe["ratios"] = {0.4, 0.1};
  recipe["seeds"] = {7U, 8U};
  recipe["round_to"] = "gguf";
  recipe["calibration"] = {{"file", "c.txt"}, {"windows", 3}, {"context", 64}};
  recipe["evaluation"] = {
      {"texts", {"a", "b"}}, {"context", 128},       {"windows", 2},      {"tasks", {"t"}},
      {"limit", 5},          {"task_ratios", {0.4}}, {"task_seeds", {8}}, {"distortions", {"ks of gate"}}};
  recipe["probe"] = {{"tokens", 512}};
  const ComparisonRecipe read = comparison_recipe_from_json(recipe);
  EXPECT_EQ(read.ratios, (std::vector<double>{0.4, 0.1}));
  EXPECT_EQ(read.seeds, (std::vector<std::uint64_t>{7, 8}));
  EXPECT_EQ(read.round_to, "gguf");
  EXPECT_EQ(read.calibration.file, "c.txt");
  EXPECT_EQ(read.calibration.windows, 3);
  EXPECT_EQ(read.calibration.context, 64);
  EXPECT_EQ(read.evaluation.texts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(read.evaluation.windows.context, 128);
  EXPECT_EQ(read.evaluation.windows.windows, 2);
  EXPECT_EQ(read.evaluation.limit, 5);
  EXPECT_EQ(read.evaluation.task_ratios, (std::vector<double>{0.4}));
  EXPECT_EQ(read.evaluation.task_seeds, (std::vector<std::uint64_t>{8}));
  EXPECT_EQ(read.probe.tokens, 512);
}

TEST(ComparisonRecipe, LabelsMethodsByTheirOptions) {
  EXPECT_EQ(method_label({{"name", "random"}}), "random");
  EXPECT_EQ(method_label({{"name", "magnitude"}, {"matrix", "up"}}), "magnitude, up");
  EXPECT_EQ(method_label({{"name", "flap"}, {"bias", true}}), "flap, bias true");
  EXPECT_EQ(method_label({{"name", "policy"}, {"recipe", json::object()}, {"label", "ours"}}), "ours");
}

TEST(ComparisonRecipeErrors, UnknownKeys) {
  json recipe = smallest();
  recipe["ratio"] = 0.3;
  expect_refused(recipe, {"'ratio'", "ratios", "seeds"});
  recipe = smallest();
  recipe["evaluation"]["text"] = "a";
  expect_refused(recipe, {"'evaluation.text'", "texts"});
}

TEST(ComparisonRecipeErrors, ValuesOutsideTheirRange) {
  const auto with = [](const char* section, const char* key, json value) {
    json recipe = smallest();
    (section[0] == '\0' ? recipe : recipe[section])[key] = std::move(value);
    return recipe;
  };
  expect_refused(with("", "ratios", {1.5}), {"'ratios'", "1.5", "0.95"});
  expect_refused(with("", "ratios", {0.0}), {"'ratios'", "0.0"});
  expect_refused(with("", "ratios", json::array()), {"'ratios'", "at least one"});
  expect_refused(with("", "ratios", {"a lot"}), {"'ratios'", "numbers"});
  expect_refused(with("", "seeds", {-1}), {"'seeds'", "-1"});
  expect_refused(with("calibration", "file", 3), {"'calibration.file'", "3", "text"});
  expect_refused(with("evaluation", "texts", "a.txt"), {"'evaluation.texts'", "a.txt", "list"});
  expect_refused(with("", "seeds", {0.5}), {"'seeds'", "0.5"});
  expect_refused(with("", "round_to", "many"), {"many"});
  expect_refused(with("calibration", "windows", 0), {"'calibration.windows'", "0"});
  expect_refused(with("calibration", "context", 1), {"'calibration.context'", "1"});
  expect_refused(with("evaluation", "context", 1), {"'evaluation.context'", "1"});
  expect_refused(with("evaluation", "windows", 1.5), {"'evaluation.windows'", "1.5"});
  expect_refused(with("evaluation", "limit", -1), {"'evaluation.limit'", "-1"});
  expect_refused(with("evaluation", "distortions", {"ks of heart"}), {"heart", "gate"});
  expect_refused(with("evaluation", "distortions", {"ks"}), {"\"ks\"", "DISTORTION of OPERATOR"});
  expect_refused(with("evaluation", "task_ratios", {2.0}), {"'evaluation.task_ratios'", "2.0"});
  expect_refused(with("probe", "tokens", 0), {"tokens", "0"});
}

TEST(ComparisonRecipeErrors, MethodsThatCannotBeToldApart) {
  json recipe = smallest();
  recipe["methods"] = json::array();
  expect_refused(recipe, {"'methods'"});
  recipe["methods"] = {{{"name", "random"}}, {{"name", "random"}}};
  expect_refused(recipe, {"'random'", "label"});
  recipe["methods"] = {"random"};
  expect_refused(recipe, {"'methods'", "\"random\"", "'name'"});
}

TEST(ComparisonRecipeErrors, NothingToMeasure) {
  json recipe = smallest();
  recipe["evaluation"] = json::object();
  expect_refused(recipe, {"'texts'", "'tasks'"});
}

}  // namespace
}  // namespace prunenet
