#include "prunenet/train/recipe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

using nlohmann::json;

/// One field of the recipe: how it is read from JSON and written to it. The table below is the one list of all fields.
struct Field {
  std::function<void(const json&)> read;
  std::function<json()> write;
};
using Section = std::map<std::string, Field>;

[[noreturn]] void fail(const std::string& key, const json& value, const char* wanted) {
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("recipe key '{}' is {}, but must be {}", key, value.dump(), wanted));
}

Field integer(const std::string& key, std::int64_t& target) {
  return {[&target, key](const json& value) {
            if (!value.is_number_integer()) fail(key, value, "an integer");
            target = value.get<std::int64_t>();
          },
          [&target] { return json(target); }};
}

Field seed(const std::string& key, std::uint64_t& target) {
  return {[&target, key](const json& value) {
            // Parsers differ in whether a non-negative integer is of the signed or the unsigned kind.
            if (!value.is_number_integer() || value < 0) fail(key, value, "a non-negative integer");
            target = value.get<std::uint64_t>();
          },
          [&target] { return json(target); }};
}

Field number(const std::string& key, double& target) {
  return {[&target, key](const json& value) {
            if (!value.is_number()) fail(key, value, "a number");
            target = value.get<double>();
          },
          [&target] { return json(target); }};
}

Field truth(const std::string& key, bool& target) {
  return {[&target, key](const json& value) {
            if (!value.is_boolean()) fail(key, value, "true or false");
            target = value.get<bool>();
          },
          [&target] { return json(target); }};
}

Field numbers(const std::string& key, std::vector<double>& target) {
  return {[&target, key](const json& value) {
            const bool valid = value.is_array() && std::all_of(value.begin(), value.end(),
                                                               [](const json& item) { return item.is_number(); });
            if (!valid) fail(key, value, "a list of numbers");
            target = value.get<std::vector<double>>();
          },
          [&target] { return json(target); }};
}

Field integers(const std::string& key, std::vector<std::int64_t>& target) {
  return {[&target, key](const json& value) {
            const bool valid = value.is_array() && std::all_of(value.begin(), value.end(), [](const json& item) {
                                 return item.is_number_integer();
                               });
            if (!valid) fail(key, value, "a list of integers");
            target = value.get<std::vector<std::int64_t>>();
          },
          [&target] { return json(target); }};
}

Field texts(const std::string& key, std::vector<std::string>& target) {
  return {[&target, key](const json& value) {
            const bool valid = value.is_array() && std::all_of(value.begin(), value.end(), [](const json& item) {
                                 return item.is_string() && !item.get_ref<const std::string&>().empty();
                               });
            if (!valid) fail(key, value, "a list of names");
            target = value.get<std::vector<std::string>>();
          },
          [&target] { return json(target); }};
}

template <typename Enumeration>
Field named(const std::string& key, Enumeration& target, Enumeration (*parse)(std::string_view)) {
  return {[&target, key, parse](const json& value) {
            if (!value.is_string()) fail(key, value, "a name");
            target = parse(value.get<std::string>());
          },
          [&target] { return json(std::string(to_string(target))); }};
}

Section prunenet_section(PrunenetOptions& options) {
  return {{"ratio", number("prunenet.ratio", options.ratio)},
          {"episodes", integer("prunenet.episodes", options.episodes)},
          {"learning_rate", number("prunenet.learning_rate", options.learning_rate)},
          {"weight_decay", number("prunenet.weight_decay", options.weight_decay)},
          {"discount", number("prunenet.discount", options.discount)},
          {"gradient_clip", number("prunenet.gradient_clip", options.gradient_clip)},
          {"faithful", truth("prunenet.faithful", options.faithful)},
          {"seed", seed("prunenet.seed", options.seed)}};
}

/// Section name -> key -> field, bound to `recipe`: those that count for its policy.
std::map<std::string, Section> sections(Recipe& recipe) {
  if (recipe.policy == PolicyKind::kPrunenet) return {{"prunenet", prunenet_section(recipe.prunenet)}};
  ProbeOptions& probe = recipe.probe;
  RewardOptions& reward = recipe.reward;
  TrainOptions& train = recipe.train;
  return {{"probe",
           {{"tokens", integer("probe.tokens", probe.tokens)},
            {"held_out_tokens", integer("probe.held_out_tokens", probe.held_out_tokens)},
            {"sequence_length", integer("probe.sequence_length", probe.sequence_length)},
            {"start_tokens", integers("probe.start_tokens", probe.start_tokens)},
            {"temperature", number("probe.temperature", probe.temperature)},
            {"exact_width", integer("probe.exact_width", probe.exact_width)},
            {"sketch_rows", integer("probe.sketch_rows", probe.sketch_rows)}}},
          {"reward",
           {{"operator", named("reward.operator", reward.operator_kind, &parse_operator_kind)},
            {"distortion", named("reward.distortion", reward.distortion, &parse_distortion)}}},
          {"train",
           {{"steps", integer("train.steps", train.steps)},
            {"layers_per_step", integer("train.layers_per_step", train.layers_per_step)},
            {"samples", integer("train.samples", train.samples)},
            {"estimator", named("train.estimator", train.estimator, &parse_estimator)},
            {"ratio_min", number("train.ratio_min", train.ratio_min)},
            {"ratio_max", number("train.ratio_max", train.ratio_max)},
            {"learning_rate", number("train.learning_rate", train.learning_rate)},
            {"warmup_steps", integer("train.warmup_steps", train.warmup_steps)},
            {"weight_decay", number("train.weight_decay", train.weight_decay)},
            {"gradient_clip", number("train.gradient_clip", train.gradient_clip)},
            {"score_penalty", number("train.score_penalty", train.score_penalty)},
            {"validate_every", integer("train.validate_every", train.validate_every)},
            {"validation_ratios", numbers("train.validation_ratios", train.validation_ratios)},
            {"without_features", texts("train.without_features", train.without_features)},
            {"folds", integer("train.folds", train.folds)},
            {"held_out_fold", integer("train.held_out_fold", train.held_out_fold)},
            {"hidden", integer("train.hidden", train.network.hidden)},
            {"depth", integer("train.depth", train.network.depth)},
            {"seed", seed("train.seed", train.seed)}}}};
}

[[noreturn]] void fail_unknown(const std::string& key, const std::vector<std::string>& known) {
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("recipe key '{}' is unknown; known here: {}", key, fmt::join(known, ", ")));
}

template <typename Map>
std::vector<std::string> names_of(const Map& map) {
  std::vector<std::string> names(map.size());
  std::transform(map.begin(), map.end(), names.begin(), [](const auto& entry) { return entry.first; });
  return names;
}

/// A section that another policy has would be read and forgotten.
[[noreturn]] void fail_unknown_section(const std::string& name, PolicyKind policy, std::vector<std::string> known) {
  Recipe other;
  other.policy = policy == PolicyKind::kFeatures ? PolicyKind::kPrunenet : PolicyKind::kFeatures;
  if (sections(other).contains(name)) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("recipe section '{}' has no effect with policy '{}', whose sections are {}; set 'policy: "
                            "{}' or leave it out",
                            name, to_string(policy), fmt::join(known, ", "), to_string(other.policy)));
  }
  known.insert(known.begin(), "policy");
  fail_unknown(name, known);
}

void read_section(const std::string& name, const Section& section, const json& values) {
  if (!values.is_object()) fail(name, values, "a section of keys");
  for (const auto& [key, value] : values.items()) {
    const auto field = section.find(key);
    if (field == section.end()) fail_unknown(fmt::format("{}.{}", name, key), names_of(section));
    field->second.read(value);
  }
}

}  // namespace

json to_json(const Recipe& recipe) {
  Recipe copy = recipe;
  json result = {{"policy", std::string(to_string(recipe.policy))}};
  for (const auto& [name, section] : sections(copy)) {
    for (const auto& [key, field] : section) result[name][key] = field.write();
  }
  return result;
}

Recipe recipe_from_json(const json& values) {
  Recipe recipe;
  if (!values.is_object()) fail("(whole file)", values, "an object with the key policy and sections");
  if (values.contains("policy")) named("policy", recipe.policy, &parse_policy_kind).read(values.at("policy"));
  const auto known = sections(recipe);
  for (const auto& [name, section_values] : values.items()) {
    if (name == "policy") continue;
    const auto section = known.find(name);
    if (section == known.end()) fail_unknown_section(name, recipe.policy, names_of(known));
    read_section(name, section->second, section_values);
  }
  check(recipe.probe);
  check(recipe.train);
  check(recipe.prunenet);
  return recipe;
}

}  // namespace prunenet
