#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "prunenet/teach/text_options.h"

namespace prunenet {

/// What of a policy is refined.
enum class Refined {
  kScores,  ///< which neurons stay, at uniform widths: the network
  kBudget,  ///< how many stay in each layer (plan/budget.h), of one model; the network is left as it is
};

[[nodiscard]] std::string_view to_string(Refined refined);
/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] Refined parse_refined(std::string_view name);

/// How a policy is refined. Defaults are the recipe measured best in experiments/refine.
struct RefineOptions : TaughtTextOptions {
  Refined learn = Refined::kScores;
  std::int64_t steps = 160;                ///< policy-gradient steps
  std::int64_t tokens = 1024;              ///< of a step, in whole sequences
  std::int64_t micro_batch_tokens = 1024;  ///< of a forward and backward pass: several add up to a step
  double ratio_min = 0.2;                  ///< the removed share of a step is uniform in [ratio_min, ratio_max]
  double ratio_max = 0.5;
  double exploration = 0.3;           ///< keep-sets are drawn by scores / exploration: below 1 closer to the best ones
  double learning_rate = 2e-3;        ///< of the network: AdamW, cosine decay to zero
  double budget_learning_rate = 0.1;  ///< of the offsets of a budget, likewise
  double floor = 0.2;                 ///< of a budget: least share of a layer that stays
  std::int64_t warmup_steps = 10;     ///< steps over which the rate first rises
  double weight_decay = 0.01;
  double gradient_clip = 1.0;   ///< largest norm of a step's gradient
  double score_penalty = 1e-5;  ///< times mean z^2
  /// Keep the input of each layer only, and compute the layer again for its gradient.
  bool gradient_checkpoints = false;
  std::int64_t folds = 1;            ///< of the layers, by index modulo folds; 1: all layers train
  std::int64_t held_out_fold = 0;    ///< its layers do not train (where folds > 1)
  std::int64_t validate_every = 20;  ///< steps between validations; the best validated policy is kept
  std::vector<double> validation_ratios = {0.2, 0.3, 0.5};
};

/// Throws Error(kInvalidArgument) naming the field, its value and its range.
void check(const RefineOptions& options);

/// The section `refine` of a recipe, one key a field.
[[nodiscard]] nlohmann::json to_json(const RefineOptions& options);
/// A whole recipe: an object with that section. Fields that are absent keep their defaults. Throws as
/// `read_recipe_section` and `check`.
[[nodiscard]] RefineOptions refine_options_from_json(const nlohmann::json& recipe);

}  // namespace prunenet
