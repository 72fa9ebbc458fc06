#include "prunenet/train/options.h"

#include "prunenet/core/named_values.h"
#include "prunenet/core/recipe_fields.h"

namespace prunenet {

namespace {

constexpr NamedValues<Estimator, 2> kEstimators{{{Estimator::kRloo, "rloo"}, {Estimator::kConditional, "conditional"}}};

}  // namespace

std::string_view to_string(Estimator estimator) {
  return name_of(kEstimators, estimator);
}

Estimator parse_estimator(std::string_view name) {
  return value_named(kEstimators, "estimator", name);
}

void check(const TrainOptions& options) {
  const auto require = [](bool holds, const char* field, double value, const char* range) {
    require_option(holds, "training", field, value, range);
  };
  const auto as_double = [](std::int64_t value) { return static_cast<double>(value); };
  require(options.steps >= 1, "steps", as_double(options.steps), "at least 1");
  require(options.layers_per_step >= 1, "layers_per_step", as_double(options.layers_per_step), "at least 1");
  require(options.samples >= 2, "samples", as_double(options.samples),
          "at least 2 (the baseline is the other samples)");
  require(options.ratio_min > 0.0 && options.ratio_min < 1.0, "ratio_min", options.ratio_min, "between 0 and 1");
  require(options.ratio_max >= options.ratio_min && options.ratio_max < 1.0, "ratio_max", options.ratio_max,
          "from ratio_min to below 1");
  require(options.learning_rate > 0.0 && options.learning_rate <= 1e36, "learning_rate", options.learning_rate,
          "above 0 and at most 1e36");
  require(options.warmup_steps >= 0, "warmup_steps", as_double(options.warmup_steps), "at least 0");
  require(options.weight_decay >= 0.0, "weight_decay", options.weight_decay, "at least 0");
  require(options.gradient_clip > 0.0, "gradient_clip", options.gradient_clip, "above 0");
  require(options.score_penalty >= 0.0, "score_penalty", options.score_penalty, "at least 0");
  require(options.validate_every >= 1, "validate_every", as_double(options.validate_every), "at least 1");
  require(options.folds >= 1, "folds", as_double(options.folds), "at least 1");
  require(options.held_out_fold >= 0 && options.held_out_fold < options.folds, "held_out_fold",
          as_double(options.held_out_fold), "from 0 to below folds");
  require(!options.validation_ratios.empty(), "validation_ratios", 0, "one ratio or more");
  for (const double ratio : options.validation_ratios) {
    require(ratio > 0.0 && ratio < 1.0, "validation_ratios", ratio, "between 0 and 1");
  }
}

}  // namespace prunenet
