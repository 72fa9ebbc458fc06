#pragma once

#include <cstdint>

#include "prunenet/family/family.h"
#include "prunenet/plan/plan.h"

namespace prunenet {

/// What a plan does to a checkpoint, in numbers. Parameters and bytes are those of the weight files.
struct PruneEstimate {
  std::int64_t intermediate_size_before = 0;  ///< I of the dense model
  std::int64_t intermediate_size_after = 0;   ///< the smallest, where layers differ
  std::int64_t largest_size_after = 0;        ///< neurons of its widest layer
  std::uint64_t parameters_before = 0;        ///< numbers in all tensors
  std::uint64_t parameters_after = 0;         ///< likewise
  std::uint64_t bytes_before = 0;             ///< of the weight files
  std::uint64_t bytes_after = 0;              ///< likewise
  std::uint64_t macs_before = 0;              ///< multiply_accumulates of one token
  std::uint64_t macs_after = 0;               ///< likewise
  double requested_ratio = 0.0;               ///< the plan's
  double ffn_ratio = 0.0;                     ///< share of intermediate neurons that is removed
  double model_ratio = 0.0;                   ///< share of all parameters that is removed
  double bytes_ratio = 0.0;                   ///< share of the weight files' bytes
  double macs_ratio = 0.0;                    ///< share of the multiply-accumulates
};

/// Parameters and bytes of a model's files.
struct ModelSize {
  std::uint64_t parameters = 0;  ///< numbers in all tensors
  std::uint64_t bytes = 0;       ///< of the weight files
};

/// All of it, from the sizes of the files before and after. Throws Error(kMismatch) where the plan is not the model's.
[[nodiscard]] PruneEstimate make_estimate(const Family& family, const Plan& plan, ModelSize before, ModelSize after);

/// Throws Error(kUnsupported) naming a layer that keeps no neuron at all: no format has a place for that.
void refuse_empty_layers(const Plan& plan);

/// Some plan of this width in every layer, for estimates: which neurons stay makes no difference to them.
/// Throws Error(kMismatch) for a width outside [1, I].
[[nodiscard]] Plan plan_of_width(const ModelConfig& config, std::int64_t width);

}  // namespace prunenet
