#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "prunenet/core/recipe_fields.h"

namespace prunenet {

/// How the model is asked about itself. No outside text: every token is sampled by the model.
struct ProbeOptions {
  std::int64_t tokens = 16384;             ///< T, tokens that train (rounded up to whole sequences)
  std::int64_t held_out_tokens = 2048;     ///< tokens of other sequences that only choose among policies
  std::int64_t sequence_length = 256;      ///< tokens a sequence, the first among them; capped by the model's own limit
  std::vector<std::int64_t> start_tokens;  ///< sequences start with these in turn; none: with BOS
  double temperature = 1.0;                ///< of the sampling; 1: as the model says
  /// Second moments of blocks wider than this are kept packed (packed_matrix.h): an eighth of the 4 I^2 bytes a layer,
  /// and what `schatten2` needs, but not enough for whole spectra.
  std::int64_t exact_width = 16384;
  bool loss_metric = false;  ///< a backward pass for the metric of loss_metric.h: of models that do not stream
};

/// Throws Error(kInvalidArgument) naming the field, its value and its range.
void check(const ProbeOptions& options);

/// The section `probe` of a recipe, one key a field; `options` must outlive it.
[[nodiscard]] RecipeSection recipe_section(ProbeOptions& options);

[[nodiscard]] nlohmann::json to_json(const ProbeOptions& options);
/// Fields that are absent keep their defaults. Throws as `read_recipe_section` and `check`.
[[nodiscard]] ProbeOptions probe_options_from_json(const nlohmann::json& json);

}  // namespace prunenet
