#pragma once

#include <cstdint>
#include <vector>

#include "prunenet/policy/network.h"

namespace prunenet {

/// How a policy is trained. Defaults are the recipe measured best in experiments/.
struct TrainOptions {
  std::int64_t steps = 1500;          ///< policy-gradient steps
  std::int64_t layers_per_step = 10;  ///< layers drawn a step, without replacement (fewer where there are fewer)
  std::int64_t samples = 8;           ///< keep-sets drawn a layer and step (M), at least 2 for the RLOO baseline
  double ratio_min = 0.05;            ///< the removed share of a step is uniform in [ratio_min, ratio_max]
  double ratio_max = 0.60;
  double learning_rate = 3e-3;  ///< AdamW, cosine decay to zero
  double weight_decay = 0.01;
  double gradient_clip = 1.0;        ///< largest norm of a step's gradient
  double score_penalty = 0.003;      ///< times mean z^2: keeps the scores small, so the entropy up
  std::int64_t validate_every = 50;  ///< steps between validations; the best validated policy is kept
  std::vector<double> validation_ratios = {0.2, 0.3, 0.5};
  NetworkOptions network;
  std::uint64_t seed = 0;
};

/// Throws Error(kInvalidArgument) naming the field, its value and its range.
void check(const TrainOptions& options);

}  // namespace prunenet
