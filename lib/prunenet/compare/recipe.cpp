#include "prunenet/compare/recipe.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/recipe_fields.h"
#include "prunenet/plan/plan.h"
#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/spectral_operator.h"
#include "prunenet/train/recipe.h"

namespace prunenet {

namespace {

using nlohmann::json;

void check_ratios(const std::vector<double>& ratios, const std::string& key) {
  for (const double ratio : ratios) {
    if (!(ratio > 0.0 && ratio <= kMaxRatio)) {
      refuse_recipe_value(key, json(ratio), fmt::format("in (0, {}]", kMaxRatio));
    }
  }
}

void check_at_least(std::int64_t value, std::int64_t least, const std::string& key) {
  if (value < least) refuse_recipe_value(key, json(value), fmt::format("at least {}", least));
}

CalibrationOptions read_calibration(const json& object) {
  CalibrationOptions options;
  read_recipe_section("calibration",
                      {{"file", text_field("calibration.file", options.file)},
                       {"windows", integer_field("calibration.windows", options.windows)},
                       {"context", integer_field("calibration.context", options.context)}},
                      object);
  check_at_least(options.windows, 1, "calibration.windows");
  check_at_least(options.context, 2, "calibration.context");
  return options;
}

void check_distortions(const std::vector<std::string>& names, const std::string& key) {
  for (const std::string& name : names) {
    const std::size_t middle = name.find(" of ");
    if (middle == std::string::npos) refuse_recipe_value(key, name, "'DISTORTION of OPERATOR'");
    static_cast<void>(parse_distortion(name.substr(0, middle)));
    static_cast<void>(parse_operator_kind(name.substr(middle + 4)));
  }
}

EvaluationOptions read_evaluation(const json& object) {
  EvaluationOptions options;
  options.windows.context = 1024;
  options.distortions = default_distortions();
  read_recipe_section("evaluation",
                      {{"texts", texts_field("evaluation.texts", options.texts)},
                       {"context", integer_field("evaluation.context", options.windows.context)},
                       {"windows", integer_field("evaluation.windows", options.windows.windows)},
                       {"tasks", texts_field("evaluation.tasks", options.tasks)},
                       {"limit", integer_field("evaluation.limit", options.limit)},
                       {"task_ratios", numbers_field("evaluation.task_ratios", options.task_ratios)},
                       {"task_seeds", seeds_field("evaluation.task_seeds", options.task_seeds)},
                       {"distortions", texts_field("evaluation.distortions", options.distortions)}},
                      object);
  check_at_least(options.windows.context, 2, "evaluation.context");
  check_at_least(options.windows.windows, 0, "evaluation.windows");
  check_at_least(options.limit, 0, "evaluation.limit");
  check_ratios(options.task_ratios, "evaluation.task_ratios");
  check_distortions(options.distortions, "evaluation.distortions");
  return options;
}

ProbeOptions read_probe(json values) {
  if (values.is_object() && !values.contains("tokens")) values["tokens"] = 4096;
  ProbeOptions options = recipe_from_json({{"probe", std::move(values)}}).probe;
  options.held_out_tokens = 0;  // there is nothing to choose among
  return options;
}

std::vector<json> read_methods(const json& values) {
  if (!values.is_array()) refuse_recipe_value("methods", values, "a list");
  std::set<std::string> labels;
  for (const json& method : values) {
    if (!method.is_object() || !method.value("name", json()).is_string()) {
      refuse_recipe_value("methods", method, "a list of objects with a 'name'");
    }
    if (method.contains("label") && !method["label"].is_string()) {
      refuse_recipe_value("methods.label", method["label"], "a text");
    }
    if (labels.insert(method_label(method)).second) continue;
    throw Error(
        ErrorKind::kInvalidArgument,
        fmt::format("two methods are called '{}'; give one of them another 'label'", printable(method_label(method))));
  }
  return {values.begin(), values.end()};
}

}  // namespace

std::vector<std::string> default_distortions() {
  return {"schatten2 of response", "mirsky of response", "nuclear of response", "ks of response", "ks of gate"};
}

std::string method_label(const json& method) {
  if (method.contains("label")) return method["label"].get<std::string>();
  std::string label = method.at("name").get<std::string>();
  for (const auto& [key, value] : method.items()) {
    if (key == "name" || value.is_structured()) continue;
    label += fmt::format(", {}", value.is_string() ? value.get<std::string>() : key + " " + value.dump());
  }
  return label;
}

ComparisonRecipe comparison_recipe_from_json(const json& object) {
  ComparisonRecipe recipe;
  recipe.evaluation = read_evaluation(json::object());
  recipe.probe = read_probe(json::object());
  const std::map<std::string, std::function<void(const json&)>> keys = {
      {"ratios", numbers_field("ratios", recipe.ratios).read},
      {"seeds", seeds_field("seeds", recipe.seeds).read},
      {"round_to", text_field("round_to", recipe.round_to).read},
      {"calibration", [&](const json& value) { recipe.calibration = read_calibration(value); }},
      {"evaluation", [&](const json& value) { recipe.evaluation = read_evaluation(value); }},
      {"probe", [&](const json& value) { recipe.probe = read_probe(value); }},
      {"methods", [&](const json& value) { recipe.methods = read_methods(value); }}};
  if (!object.is_object()) refuse_recipe_value("(whole file)", object, "an object with lists and sections");
  for (const auto& [key, value] : object.items()) {
    const auto found = keys.find(key);
    if (found == keys.end()) refuse_recipe_key(key, keys_of(keys));
    found->second(value);
  }
  check_ratios(recipe.ratios, "ratios");
  if (recipe.ratios.empty() || recipe.seeds.empty() || recipe.methods.empty()) {
    throw Error(ErrorKind::kInvalidArgument, "'ratios', 'seeds' and 'methods' need at least one entry each");
  }
  static_cast<void>(parse_rounding(recipe.round_to));
  if (recipe.evaluation.texts.empty() && recipe.evaluation.tasks.empty()) {
    throw Error(ErrorKind::kInvalidArgument, "nothing to measure: 'evaluation' names neither 'texts' nor 'tasks'");
  }
  return recipe;
}

}  // namespace prunenet
