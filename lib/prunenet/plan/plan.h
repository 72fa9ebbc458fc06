#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prunenet {

/// Which intermediate neurons of every feed-forward block stay. Deciding and applying are joined by this alone: it can
/// be saved, read by people, and replayed on the same model.
struct Plan {
  static constexpr int kFormatVersion = 1;              ///< of the JSON
  std::string source;                                   ///< what decided: "policy <sha256>", "random", ...
  std::int64_t intermediate_size = 0;                   ///< I of the dense model
  double requested_ratio = 0.0;                         ///< share of neurons asked to be removed, [0, 0.95]
  std::int64_t round_to = 1;                            ///< widths are multiples of it (where I is not kept whole)
  std::vector<std::vector<std::int64_t>> keep_indices;  ///< a layer: strictly ascending, in [0, I)

  /// Share of intermediate neurons removed over all layers.
  [[nodiscard]] double achieved_ratio() const;
  /// Neurons that stay, a layer each.
  [[nodiscard]] std::vector<std::int64_t> widths() const;
  /// Whether all layers keep as many.
  [[nodiscard]] bool is_uniform() const;
  /// The one width of all layers; nothing kept apart: Error(kMismatch) where layers differ.
  [[nodiscard]] std::int64_t uniform_width() const;
};

/// Largest removable share: beyond it a block is left with next to nothing.
inline constexpr double kMaxRatio = 0.95;

/// Names for multiples that some format or kernel wants, with the multiple: "none", "tensorcore", "gguf", "gguf-k",
/// "marlin".
[[nodiscard]] std::span<const std::pair<std::string_view, std::int64_t>> rounding_presets();

/// Multiple for the name of a preset or a decimal number. Throws Error(kInvalidArgument) listing the presets.
[[nodiscard]] std::int64_t parse_rounding(std::string_view text);

/// Default multiple (FORMATS, width rounding): 256 where the rounded width is at least 2048, else 32; 1 where I < 64.
[[nodiscard]] std::int64_t default_rounding(std::int64_t intermediate_size, double ratio);

/// Width that stays: (1 - ratio) I rounded to the nearest multiple of `round_to`, at least one multiple, at most I.
/// Throws Error(kInvalidArgument) for a ratio outside [0, kMaxRatio] or round_to outside [1, I].
[[nodiscard]] std::int64_t width_for_ratio(std::int64_t intermediate_size, double ratio, std::int64_t round_to);

/// Indices of the `count` largest scores, ascending; equal scores keep the lower index, so sets are nested over counts.
[[nodiscard]] std::vector<std::int64_t> top_k_indices(std::span<const float> scores, std::int64_t count);

/// A plan of uniform width from one vector of I scores a layer (larger stays).
[[nodiscard]] Plan make_uniform_plan(const std::vector<std::vector<float>>& scores, double ratio, std::int64_t round_to,
                                     std::string source);

/// JSON with `format`, `format_version` and the fields above; `from_json` checks every one.
/// Throws Error(kBadInput) naming field and layer.
[[nodiscard]] nlohmann::json to_json(const Plan& plan);
[[nodiscard]] Plan plan_from_json(const nlohmann::json& json);

/// Throws Error(kMismatch) where layers or intermediate size are not the model's.
void check_plan_fits(const Plan& plan, std::int64_t num_layers, std::int64_t intermediate_size);

}  // namespace prunenet
