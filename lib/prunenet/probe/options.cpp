#include "prunenet/probe/options.h"

#include "prunenet/core/recipe_fields.h"

namespace prunenet {

void check(const ProbeOptions& options) {
  const auto require = [](bool holds, const char* field, double value, const char* range) {
    require_option(holds, "probe", field, value, range);
  };
  const auto as_double = [](std::int64_t value) { return static_cast<double>(value); };
  require(options.tokens >= 1, "tokens", as_double(options.tokens), "at least 1");
  require(options.held_out_tokens >= 1, "held_out_tokens", as_double(options.held_out_tokens), "at least 1");
  require(options.sequence_length >= (options.loss_metric ? 3 : 2), "sequence_length",
          as_double(options.sequence_length), options.loss_metric ? "at least 3 with loss_metric" : "at least 2");
  require(options.temperature > 0.0, "temperature", options.temperature, "above 0");
  require(options.exact_width >= 0, "exact_width", as_double(options.exact_width), "at least 0");
}

RecipeSection recipe_section(ProbeOptions& options) {
  return {{"tokens", integer_field("probe.tokens", options.tokens)},
          {"held_out_tokens", integer_field("probe.held_out_tokens", options.held_out_tokens)},
          {"sequence_length", integer_field("probe.sequence_length", options.sequence_length)},
          {"start_tokens", integers_field("probe.start_tokens", options.start_tokens)},
          {"temperature", number_field("probe.temperature", options.temperature)},
          {"exact_width", integer_field("probe.exact_width", options.exact_width)},
          {"loss_metric", truth_field("probe.loss_metric", options.loss_metric)}};
}

nlohmann::json to_json(const ProbeOptions& options) {
  ProbeOptions copy = options;
  nlohmann::json result;
  for (const auto& [key, field] : recipe_section(copy)) result[key] = field.write();
  return result;
}

ProbeOptions probe_options_from_json(const nlohmann::json& json) {
  ProbeOptions options;
  read_recipe_section("probe", recipe_section(options), json);
  check(options);
  return options;
}

}  // namespace prunenet
