#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/policy/network.h"

namespace prunenet {

/// How the policy gradient is estimated from the sampled keep-sets. Both are unbiased for the same gradient.
enum class Estimator {
  kRloo,         ///< REINFORCE: exact log-probability of the keep-set, leave-one-out baseline
  kConditional,  ///< the same, with each neuron's own noise integrated out in closed form; `schatten2` rewards only
};

[[nodiscard]] std::string_view to_string(Estimator estimator);
/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] Estimator parse_estimator(std::string_view name);

/// How a policy is trained. Defaults are the recipe measured best in experiments/.
struct TrainOptions {
  std::int64_t steps = 600;           ///< policy-gradient steps
  std::int64_t layers_per_step = 10;  ///< layers drawn a step, without replacement (fewer where there are fewer)
  std::int64_t samples = 8;           ///< keep-sets drawn a layer and step (M), at least 2 for the RLOO baseline
  Estimator estimator = Estimator::kConditional;  ///< of the policy gradient
  double ratio_min = 0.05;                        ///< the removed share of a step is uniform in [ratio_min, ratio_max]
  double ratio_max = 0.60;                        ///< at least `ratio_min`, below 1
  double learning_rate = 3e-3;                    ///< AdamW, cosine decay to zero
  std::int64_t warmup_steps = 20;                 ///< steps over which the rate first rises
  double weight_decay = 0.01;                     ///< AdamW's
  double gradient_clip = 1.0;                     ///< largest norm of a step's gradient
  double score_penalty = 0.003;                   ///< times mean z^2: keeps the scores small, so the entropy up
  std::int64_t validate_every = 25;               ///< steps between validations; the best validated policy is kept
  std::vector<double> validation_ratios = {0.2, 0.3, 0.5};  ///< whose mean reward chooses among policies
  /// Features whose names contain one of these have no say (ablations): "field." leaves out all of the mean field.
  std::vector<std::string> without_features;
  std::int64_t folds = 1;          ///< of the layers, by index modulo folds; 1: all layers train
  std::int64_t held_out_fold = 0;  ///< its layers neither train nor validate (where folds > 1)
  NetworkOptions network;          ///< the policy's shape
  std::uint64_t seed = 0;          ///< of the probe, the network's start, and all draws
};

/// Throws Error(kInvalidArgument) naming the field, its value and its range.
void check(const TrainOptions& options);

}  // namespace prunenet
