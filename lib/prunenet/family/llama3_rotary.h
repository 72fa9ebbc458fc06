#pragma once

#include <cstdint>
#include <vector>

#include "prunenet/family/model_config.h"

namespace prunenet {

/// What each rotary frequency theta^(-2i / dim) is divided by under LLaMA 3's scaling (transformers,
/// `_compute_llama3_parameters`): dim / 2 numbers.
[[nodiscard]] std::vector<double> llama3_divisors(const RopeScaling& scaling, double theta, std::int64_t dim);

}  // namespace prunenet
