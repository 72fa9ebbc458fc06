#include "prunenet/train/recipe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <string>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/recipe_fields.h"

namespace prunenet {

namespace {

using nlohmann::json;

RecipeSection prunenet_section(PrunenetOptions& options) {
  return {{"ratio", number_field("prunenet.ratio", options.ratio)},
          {"episodes", integer_field("prunenet.episodes", options.episodes)},
          {"learning_rate", number_field("prunenet.learning_rate", options.learning_rate)},
          {"weight_decay", number_field("prunenet.weight_decay", options.weight_decay)},
          {"discount", number_field("prunenet.discount", options.discount)},
          {"gradient_clip", number_field("prunenet.gradient_clip", options.gradient_clip)},
          {"faithful", truth_field("prunenet.faithful", options.faithful)},
          {"seed", seed_field("prunenet.seed", options.seed)}};
}

/// Section name -> key -> field, bound to `recipe`: those that count for its policy.
std::map<std::string, RecipeSection> sections(Recipe& recipe) {
  if (recipe.policy == PolicyKind::kPrunenet) return {{"prunenet", prunenet_section(recipe.prunenet)}};
  RewardOptions& reward = recipe.reward;
  TrainOptions& train = recipe.train;
  return {{"probe", recipe_section(recipe.probe)},
          {"reward",
           {{"operator", name_field("reward.operator", reward.operator_kind, &parse_operator_kind)},
            {"distortion", text_field("reward.distortion", reward.distortion)},
            {"metric", name_field("reward.metric", reward.metric, &parse_output_metric)}}},
          {"train",
           {{"steps", integer_field("train.steps", train.steps)},
            {"layers_per_step", integer_field("train.layers_per_step", train.layers_per_step)},
            {"samples", integer_field("train.samples", train.samples)},
            {"estimator", name_field("train.estimator", train.estimator, &parse_estimator)},
            {"ratio_min", number_field("train.ratio_min", train.ratio_min)},
            {"ratio_max", number_field("train.ratio_max", train.ratio_max)},
            {"learning_rate", number_field("train.learning_rate", train.learning_rate)},
            {"warmup_steps", integer_field("train.warmup_steps", train.warmup_steps)},
            {"weight_decay", number_field("train.weight_decay", train.weight_decay)},
            {"gradient_clip", number_field("train.gradient_clip", train.gradient_clip)},
            {"score_penalty", number_field("train.score_penalty", train.score_penalty)},
            {"validate_every", integer_field("train.validate_every", train.validate_every)},
            {"validation_ratios", numbers_field("train.validation_ratios", train.validation_ratios)},
            {"without_features", texts_field("train.without_features", train.without_features)},
            {"folds", integer_field("train.folds", train.folds)},
            {"held_out_fold", integer_field("train.held_out_fold", train.held_out_fold)},
            {"hidden", integer_field("train.hidden", train.network.hidden)},
            {"depth", integer_field("train.depth", train.network.depth)},
            {"seed", seed_field("train.seed", train.seed)}}}};
}

/// A section that another policy has would be read and forgotten.
[[noreturn]] void refuse_section(const std::string& name, PolicyKind policy, std::vector<std::string> known) {
  Recipe other;
  other.policy = policy == PolicyKind::kFeatures ? PolicyKind::kPrunenet : PolicyKind::kFeatures;
  if (sections(other).contains(name)) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("recipe section '{}' has no effect with policy '{}', whose sections are {}; set 'policy: "
                            "{}' or leave it out",
                            name, to_string(policy), fmt::join(known, ", "), to_string(other.policy)));
  }
  known.insert(known.begin(), "policy");
  refuse_recipe_key(name, known);
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

Recipe recipe_from_json(const json& values, const RewardRegistry& rewards) {
  Recipe recipe;
  if (!values.is_object()) refuse_recipe_value("(whole file)", values, "an object with the key policy and sections");
  if (values.contains("policy")) name_field("policy", recipe.policy, &parse_policy_kind).read(values.at("policy"));
  const auto known = sections(recipe);
  for (const auto& [name, section_values] : values.items()) {
    if (name == "policy") continue;
    const auto section = known.find(name);
    if (section == known.end()) refuse_section(name, recipe.policy, keys_of(known));
    read_recipe_section(name, section->second, section_values);
  }
  check(recipe.probe);
  check(recipe.reward, rewards);
  check(recipe.train);
  check(recipe.prunenet);
  return recipe;
}

}  // namespace prunenet
