#include "prunenet/compare/recipe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "prunenet/core/error.h"
#include "prunenet/plan/plan.h"
#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/spectral_operator.h"
#include "prunenet/train/recipe.h"

namespace prunenet {

namespace {

using nlohmann::json;

[[noreturn]] void refuse_key(const std::string& where, const json& value, const std::string& wanted) {
  throw Error(ErrorKind::kInvalidArgument, fmt::format("{} is {}; must be {}", where, value.dump(), wanted));
}

/// Reads the keys of one section and remembers which it was asked for.
class Section {
 public:
  Section(const json& object, std::string name) : object_(object), name_(std::move(name)) {
    if (!object_.is_object())
      refuse_key(name_.empty() ? "the recipe" : "'" + name_ + "'", object_, "'key: value' lines");
  }

  template <typename T>
  void read(const std::string& key, T& target, const std::string& wanted) {
    known_.insert(key);
    const auto found = object_.find(key);
    if (found == object_.end()) return;
    try {
      check_type(*found, target, wanted, key);
      target = found->get<T>();
    } catch (const json::exception&) {
      refuse_key(place(key), *found, wanted);
    }
  }

  [[nodiscard]] json section(const std::string& key) {
    known_.insert(key);
    return object_.value(key, json::object());
  }

  void refuse_unknown() const {
    for (const auto& [key, value] : object_.items()) {
      if (known_.contains(key)) continue;
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("unknown key '{}'{}; known are {}", key,
                              name_.empty() ? "" : fmt::format(" in '{}'", name_), fmt::join(known_, ", ")));
    }
  }

  [[nodiscard]] std::string place(const std::string& key) const {
    return fmt::format("'{}{}{}'", name_, name_.empty() ? "" : ".", key);
  }

 private:
  /// nlohmann turns 1.5 into 1 and true into 1 where an integer is asked for.
  template <typename T>
  void check_type(const json& value, const T& /*target*/, const std::string& wanted, const std::string& key) const {
    bool fits = true;
    if constexpr (std::is_same_v<T, std::int64_t>) fits = value.is_number_integer();
    if constexpr (std::is_same_v<T, std::vector<double>>) {
      fits = value.is_array() &&
             std::all_of(value.begin(), value.end(), [](const json& item) { return item.is_number(); });
    }
    if constexpr (std::is_same_v<T, std::vector<std::uint64_t>>) {
      fits = value.is_array() &&
             std::all_of(value.begin(), value.end(), [](const json& item) { return item.is_number_unsigned(); });
    }
    if (!fits) refuse_key(place(key), value, wanted);
  }

  const json& object_;
  std::string name_;
  std::set<std::string> known_;
};

void check_ratios(const std::vector<double>& ratios, const std::string& where) {
  for (const double ratio : ratios) {
    if (!(ratio > 0.0 && ratio <= kMaxRatio)) refuse_key(where, json(ratio), fmt::format("in (0, {}]", kMaxRatio));
  }
}

CalibrationOptions read_calibration(const json& object) {
  CalibrationOptions options;
  Section section(object, "calibration");
  section.read("file", options.file, "a file");
  section.read("windows", options.windows, "an integer of at least 1");
  section.read("context", options.context, "an integer of at least 2");
  section.refuse_unknown();
  if (options.windows < 1) refuse_key(section.place("windows"), options.windows, "at least 1");
  if (options.context < 2) refuse_key(section.place("context"), options.context, "at least 2");
  return options;
}

void check_distortions(const std::vector<std::string>& names, const std::string& where) {
  for (const std::string& name : names) {
    const std::size_t middle = name.find(" of ");
    if (middle == std::string::npos) refuse_key(where, name, "'DISTORTION of OPERATOR'");
    static_cast<void>(parse_distortion(name.substr(0, middle)));
    static_cast<void>(parse_operator_kind(name.substr(middle + 4)));
  }
}

EvaluationOptions read_evaluation(const json& object) {
  EvaluationOptions options;
  options.windows.context = 1024;
  options.distortions = default_distortions();
  Section section(object, "evaluation");
  section.read("texts", options.texts, "a list of files");
  section.read("context", options.windows.context, "an integer of at least 2");
  section.read("windows", options.windows.windows, "an integer of at least 0");
  section.read("tasks", options.tasks, "a list of files");
  section.read("limit", options.limit, "an integer of at least 0");
  section.read("task_ratios", options.task_ratios, "a list of ratios");
  section.read("distortions", options.distortions, "a list of names");
  section.refuse_unknown();
  if (options.windows.context < 2) refuse_key(section.place("context"), options.windows.context, "at least 2");
  if (options.windows.windows < 0) refuse_key(section.place("windows"), options.windows.windows, "at least 0");
  if (options.limit < 0) refuse_key(section.place("limit"), options.limit, "at least 0");
  check_ratios(options.task_ratios, section.place("task_ratios"));
  check_distortions(options.distortions, section.place("distortions"));
  return options;
}

void check_methods(const std::vector<json>& methods) {
  if (methods.empty())
    throw Error(ErrorKind::kInvalidArgument, "'methods' is empty; list at least one, as {name: random}");
  std::set<std::string> labels;
  for (const json& method : methods) {
    if (!method.is_object() || !method.value("name", json()).is_string()) {
      refuse_key("an entry of 'methods'", method, "an object with a 'name'");
    }
    if (method.contains("label") && !method["label"].is_string()) refuse_key("'label'", method["label"], "a text");
    if (labels.insert(method_label(method)).second) continue;
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("two methods are called '{}'; give one of them another 'label'", method_label(method)));
  }
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
  Section section(object, "");
  section.read("ratios", recipe.ratios, "a list of numbers");
  section.read("seeds", recipe.seeds, "a list of integers of at least 0");
  section.read("round_to", recipe.round_to, "a text");
  recipe.calibration = read_calibration(section.section("calibration"));
  recipe.evaluation = read_evaluation(section.section("evaluation"));
  json probe = section.section("probe");
  if (!probe.contains("tokens")) probe["tokens"] = 4096;
  recipe.probe = recipe_from_json({{"probe", probe}}).probe;
  recipe.probe.held_out_tokens = 0;  // there is nothing to choose among
  json methods = json::array();
  section.read("methods", methods, "a list");
  if (!methods.is_array()) refuse_key("'methods'", methods, "a list");
  recipe.methods.assign(methods.begin(), methods.end());
  section.refuse_unknown();
  check_ratios(recipe.ratios, "'ratios'");
  if (recipe.ratios.empty() || recipe.seeds.empty()) {
    throw Error(ErrorKind::kInvalidArgument, "'ratios' and 'seeds' need at least one entry each");
  }
  static_cast<void>(parse_rounding(recipe.round_to));
  check_methods(recipe.methods);
  if (recipe.evaluation.texts.empty() && recipe.evaluation.tasks.empty()) {
    throw Error(ErrorKind::kInvalidArgument, "nothing to measure: 'evaluation' names neither 'texts' nor 'tasks'");
  }
  return recipe;
}

}  // namespace prunenet
