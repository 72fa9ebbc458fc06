#include "prunenet/teach/text_options.h"

#include <fmt/format.h>

namespace prunenet {

void check(const TaughtTextOptions& options, std::string_view what) {
  const auto at_least = [what](const char* field, std::int64_t value, std::int64_t least, const char* range) {
    require_option(value >= least, what, field, static_cast<double>(value), range);
  };
  require_option(options.temperature > 0.0, what, "temperature", options.temperature, "above 0");
  at_least("top_logits", options.top_logits, 0, "at least 0");
  at_least("sampled_tokens", options.sampled_tokens, 0, "at least 0");
  at_least("held_out_tokens", options.held_out_tokens, 1, "at least 1");
  at_least("sequence_length", options.sequence_length, 2, "at least 2");
  require_option(options.sampling_temperature > 0.0, what, "sampling_temperature", options.sampling_temperature,
                 "above 0");
}

RecipeSection taught_text_section(const std::string& name, TaughtTextOptions& options) {
  const auto key = [&name](const char* field) { return fmt::format("{}.{}", name, field); };
  return {{"temperature", number_field(key("temperature"), options.temperature)},
          {"top_logits", integer_field(key("top_logits"), options.top_logits)},
          {"sampled_tokens", integer_field(key("sampled_tokens"), options.sampled_tokens)},
          {"held_out_tokens", integer_field(key("held_out_tokens"), options.held_out_tokens)},
          {"sequence_length", integer_field(key("sequence_length"), options.sequence_length)},
          {"start_tokens", integers_field(key("start_tokens"), options.start_tokens)},
          {"sampling_temperature", number_field(key("sampling_temperature"), options.sampling_temperature)},
          {"seed", seed_field(key("seed"), options.seed)}};
}

}  // namespace prunenet
