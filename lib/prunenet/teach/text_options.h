#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/core/recipe_fields.h"

namespace prunenet {

/// The text that a teacher samples for its students, and what of its distribution they are shown.
struct TaughtTextOptions {
  double temperature = 1.0;      ///< of teacher and student in the loss (Hinton et al. 2015, arXiv:1503.02531)
  std::int64_t top_logits = 64;  ///< of the teacher's distribution; all others are one event. 0: all are told apart

  std::int64_t sampled_tokens = 65536;     ///< of the text that the teacher samples; read again when it ends
  std::int64_t held_out_tokens = 4096;     ///< of other sequences that only validate
  std::int64_t sequence_length = 256;      ///< tokens a sequence, the first among them; capped by the model's own limit
  std::vector<std::int64_t> start_tokens;  ///< sequences start with these in turn; none: with BOS
  double sampling_temperature = 1.0;
  std::uint64_t seed = 0;
};

/// Throws Error(kInvalidArgument) naming `what` ("recovery"), the field, its value and its range.
void check(const TaughtTextOptions& options, std::string_view what);

/// Their keys in a recipe's section of this name.
[[nodiscard]] RecipeSection taught_text_section(const std::string& name, TaughtTextOptions& options);

}  // namespace prunenet
