#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "prunenet/policy/policy_kind.h"
#include "prunenet/probe/options.h"
#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/spectral_operator.h"
#include "prunenet/train/options.h"
#include "prunenet/train/prunenet_options.h"

namespace prunenet {

/// In which metric an error of what a block writes counts.
enum class OutputMetric {
  kOutput,  ///< its square, e^T e
  kLoss,    ///< what it costs the model's likelihood, e^T F e (probe/loss_metric.h); of the response alone
};

[[nodiscard]] std::string_view to_string(OutputMetric metric);
/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] OutputMetric parse_output_metric(std::string_view name);

/// The reward: -log of a distortion of an operator.
struct RewardOptions {
  OperatorKind operator_kind = OperatorKind::kResponse;
  Distortion distortion = Distortion::kSchatten2;
  OutputMetric metric = OutputMetric::kOutput;
};

/// Throws Error(kInvalidArgument) for a metric of an operator that has none.
void check(const RewardOptions& options);

/// Everything that decides a policy apart from the models: what a YAML recipe holds, and what a policy file records.
struct Recipe {
  PolicyKind policy = PolicyKind::kFeatures;
  ProbeOptions probe;  ///< these three: of kFeatures
  RewardOptions reward;
  TrainOptions train;
  PrunenetOptions prunenet;  ///< of kPrunenet
};

/// The key `policy`, and the sections that count for it, with one key a field: `probe`, `reward` and `train`, or
/// `prunenet`.
[[nodiscard]] nlohmann::json to_json(const Recipe& recipe);

/// Fields that are absent keep their defaults. Throws Error(kInvalidArgument) naming a key that is unknown (and those
/// that are known), of the wrong type, outside its range, or of no effect with the recipe's policy.
[[nodiscard]] Recipe recipe_from_json(const nlohmann::json& json);

}  // namespace prunenet
