#include "prunenet/recover/options.h"

#include "prunenet/core/named_values.h"
#include "prunenet/recover/projection.h"

namespace prunenet {

namespace {

using nlohmann::json;

constexpr const char* kSection = "recover";
constexpr NamedValues<Adaptation, 2> kAdaptations{{{Adaptation::kLora, "lora"}, {Adaptation::kFull, "full"}}};
constexpr NamedValues<Precision, 2> kPrecisions{{{Precision::kFloat32, "float32"}, {Precision::kBfloat16, "bfloat16"}}};

RecipeSection recover_section(RecoverOptions& options) {
  RecipeSection section = taught_text_section(kSection, options);
  section.merge(
      RecipeSection{{"train", name_field("recover.train", options.train, &parse_adaptation)},
                    {"targets", texts_field("recover.targets", options.targets)},
                    {"rank", integer_field("recover.rank", options.rank)},
                    {"alpha", number_field("recover.alpha", options.alpha)},
                    {"steps", integer_field("recover.steps", options.steps)},
                    {"tokens", integer_field("recover.tokens", options.tokens)},
                    {"micro_batch_tokens", integer_field("recover.micro_batch_tokens", options.micro_batch_tokens)},
                    {"learning_rate", number_field("recover.learning_rate", options.learning_rate)},
                    {"warmup_steps", integer_field("recover.warmup_steps", options.warmup_steps)},
                    {"beta2", number_field("recover.beta2", options.beta2)},
                    {"weight_decay", number_field("recover.weight_decay", options.weight_decay)},
                    {"gradient_clip", number_field("recover.gradient_clip", options.gradient_clip)},
                    {"precision", name_field("recover.precision", options.precision, &parse_precision)},
                    {"gradient_checkpoints", truth_field("recover.gradient_checkpoints", options.gradient_checkpoints)},
                    {"text_tokens", integer_field("recover.text_tokens", options.text_tokens)},
                    {"next_token_weight", number_field("recover.next_token_weight", options.next_token_weight)},
                    {"validate_every", integer_field("recover.validate_every", options.validate_every)},
                    {"save_every", integer_field("recover.save_every", options.save_every)}});
  return section;
}

constexpr std::string_view kWhat = "recovery";

}  // namespace

std::string_view to_string(Adaptation adaptation) {
  return name_of(kAdaptations, adaptation);
}

Adaptation parse_adaptation(std::string_view name) {
  return value_named(kAdaptations, "way to train", name);
}

std::string_view to_string(Precision precision) {
  return name_of(kPrecisions, precision);
}

Precision parse_precision(std::string_view name) {
  return value_named(kPrecisions, "precision", name);
}

void check(const RecoverOptions& options) {
  (void)parse_projections(options.targets);
  check(options, kWhat);
  const auto at_least = [](const char* field, std::int64_t value, std::int64_t least, const char* range) {
    require_option(value >= least, kWhat, field, static_cast<double>(value), range);
  };
  at_least("rank", options.rank, 1, "at least 1");
  require_option(options.alpha > 0.0, kWhat, "alpha", options.alpha, "above 0");
  at_least("steps", options.steps, 1, "at least 1");
  at_least("tokens", options.tokens, 1, "at least 1");
  at_least("micro_batch_tokens", options.micro_batch_tokens, 1, "at least 1");
  require_option(options.learning_rate > 0.0 && options.learning_rate <= 1e36, kWhat, "learning_rate",
                 options.learning_rate, "above 0 and at most 1e36");
  at_least("warmup_steps", options.warmup_steps, 0, "at least 0");
  require_option(options.beta2 >= 0.0 && options.beta2 < 1.0, kWhat, "beta2", options.beta2, "from 0 to below 1");
  require_option(options.weight_decay >= 0.0, kWhat, "weight_decay", options.weight_decay, "at least 0");
  require_option(options.gradient_clip > 0.0, kWhat, "gradient_clip", options.gradient_clip, "above 0");
  at_least("text_tokens", options.text_tokens, 0, "at least 0");
  require_option(options.next_token_weight >= 0.0, kWhat, "next_token_weight", options.next_token_weight, "at least 0");
  at_least("validate_every", options.validate_every, 1, "at least 1");
  at_least("save_every", options.save_every, 1, "at least 1");
}

json to_json(const RecoverOptions& options) {
  RecoverOptions copy = options;
  return recipe_of(kSection, recover_section(copy));
}

RecoverOptions recover_options_from_json(const json& recipe) {
  RecoverOptions options;
  read_recipe_of(kSection, recover_section(options), recipe);
  check(options);
  return options;
}

}  // namespace prunenet
