#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace prunenet {

/// Linear warm-up over the first `warmup_steps` steps, cosine decay to zero over all of the training. `step` counts
/// from 0, `progress` in [0, 1] is the share of the training that lies behind it.
[[nodiscard]] inline double cosine_rate(double learning_rate, std::int64_t step, std::int64_t warmup_steps,
                                        double progress) {
  const double warmup = std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(warmup_steps + 1));
  return learning_rate * warmup * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
}

inline void set_learning_rate(torch::optim::AdamW& optimizer, double rate) {
  for (auto& group : optimizer.param_groups()) {
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
  }
}

}  // namespace prunenet
