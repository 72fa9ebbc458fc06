#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace prunenet {

/// AdamW's running averages for one parameter, so that training can be resumed without libtorch's pickled archives.
struct AdamwMoments {
  torch::Tensor first;
  torch::Tensor second;
  std::int64_t steps = 0;
};

/// Zeros before the first step.
[[nodiscard]] AdamwMoments read_moments(torch::optim::AdamW& optimizer, const torch::Tensor& parameter);

void write_moments(torch::optim::AdamW& optimizer, const torch::Tensor& parameter, const AdamwMoments& moments);

}  // namespace prunenet
