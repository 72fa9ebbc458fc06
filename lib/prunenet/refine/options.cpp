#include "prunenet/refine/options.h"

#include "prunenet/core/named_values.h"

namespace prunenet {

namespace {

using nlohmann::json;

constexpr const char* kSection = "refine";
constexpr NamedValues<Refined, 2> kRefined{{{Refined::kScores, "scores"}, {Refined::kBudget, "budget"}}};
constexpr std::string_view kWhat = "refinement";

RecipeSection refine_section(RefineOptions& options) {
  RecipeSection section = taught_text_section(kSection, options);
  section.merge(
      RecipeSection{{"learn", name_field("refine.learn", options.learn, &parse_refined)},
                    {"budget_learning_rate", number_field("refine.budget_learning_rate", options.budget_learning_rate)},
                    {"floor", number_field("refine.floor", options.floor)},
                    {"steps", integer_field("refine.steps", options.steps)},
                    {"tokens", integer_field("refine.tokens", options.tokens)},
                    {"micro_batch_tokens", integer_field("refine.micro_batch_tokens", options.micro_batch_tokens)},
                    {"ratio_min", number_field("refine.ratio_min", options.ratio_min)},
                    {"ratio_max", number_field("refine.ratio_max", options.ratio_max)},
                    {"exploration", number_field("refine.exploration", options.exploration)},
                    {"learning_rate", number_field("refine.learning_rate", options.learning_rate)},
                    {"warmup_steps", integer_field("refine.warmup_steps", options.warmup_steps)},
                    {"weight_decay", number_field("refine.weight_decay", options.weight_decay)},
                    {"gradient_clip", number_field("refine.gradient_clip", options.gradient_clip)},
                    {"score_penalty", number_field("refine.score_penalty", options.score_penalty)},
                    {"gradient_checkpoints", truth_field("refine.gradient_checkpoints", options.gradient_checkpoints)},
                    {"folds", integer_field("refine.folds", options.folds)},
                    {"held_out_fold", integer_field("refine.held_out_fold", options.held_out_fold)},
                    {"validate_every", integer_field("refine.validate_every", options.validate_every)},
                    {"validation_ratios", numbers_field("refine.validation_ratios", options.validation_ratios)}});
  return section;
}

}  // namespace

std::string_view to_string(Refined refined) {
  return name_of(kRefined, refined);
}

Refined parse_refined(std::string_view name) {
  return value_named(kRefined, "part of a policy", name);
}

void check(const RefineOptions& options) {
  check(options, kWhat);
  const auto require = [](bool holds, const char* field, double value, const char* range) {
    require_option(holds, kWhat, field, value, range);
  };
  const auto at_least = [&require](const char* field, std::int64_t value, std::int64_t least, const char* range) {
    require(value >= least, field, static_cast<double>(value), range);
  };
  at_least("sampled_tokens", options.sampled_tokens, 1, "at least 1");
  at_least("steps", options.steps, 1, "at least 1");
  at_least("tokens", options.tokens, 1, "at least 1");
  at_least("micro_batch_tokens", options.micro_batch_tokens, 1, "at least 1");
  require(options.ratio_min > 0.0 && options.ratio_min < 1.0, "ratio_min", options.ratio_min, "between 0 and 1");
  require(options.ratio_max >= options.ratio_min && options.ratio_max < 1.0, "ratio_max", options.ratio_max,
          "from ratio_min to below 1");
  require(options.exploration > 0.0, "exploration", options.exploration, "above 0");
  require(options.learning_rate > 0.0 && options.learning_rate <= 1e36, "learning_rate", options.learning_rate,
          "above 0 and at most 1e36");
  require(options.budget_learning_rate > 0.0 && options.budget_learning_rate <= 1e36, "budget_learning_rate",
          options.budget_learning_rate, "above 0 and at most 1e36");
  require(options.floor > 0.0 && options.floor < 1.0, "floor", options.floor, "between 0 and 1");
  at_least("warmup_steps", options.warmup_steps, 0, "at least 0");
  require(options.weight_decay >= 0.0, "weight_decay", options.weight_decay, "at least 0");
  require(options.gradient_clip > 0.0, "gradient_clip", options.gradient_clip, "above 0");
  require(options.score_penalty >= 0.0, "score_penalty", options.score_penalty, "at least 0");
  at_least("folds", options.folds, 1, "at least 1");
  require(options.held_out_fold >= 0 && options.held_out_fold < options.folds, "held_out_fold",
          static_cast<double>(options.held_out_fold), "from 0 to below folds");
  at_least("validate_every", options.validate_every, 1, "at least 1");
  require(!options.validation_ratios.empty(), "validation_ratios", 0, "one ratio or more");
  for (const double ratio : options.validation_ratios) {
    require(ratio > 0.0 && ratio < 1.0, "validation_ratios", ratio, "between 0 and 1");
  }
}

json to_json(const RefineOptions& options) {
  RefineOptions copy = options;
  return recipe_of(kSection, refine_section(copy));
}

RefineOptions refine_options_from_json(const json& recipe) {
  RefineOptions options;
  read_recipe_of(kSection, refine_section(options), recipe);
  check(options);
  return options;
}

}  // namespace prunenet
