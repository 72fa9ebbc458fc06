#pragma once

#include <torch/torch.h>

namespace prunenet {

/// x W^T + b in the type of x, whatever that of W: where they differ x is rounded to W's type and the product back, so
/// that weights in bfloat16 are multiplied in bfloat16 (with sums in float32) and everything between products stays
/// float32. x: [..., inputs], weight: [outputs, inputs], bias: [outputs] or undefined, in the type of x.
[[nodiscard]] inline torch::Tensor linear_map(const torch::Tensor& x, const torch::Tensor& weight,
                                              const torch::Tensor& bias = {}) {
  if (weight.scalar_type() == x.scalar_type()) return at::linear(x, weight, bias);
  const torch::Tensor product = at::linear(x.to(weight.scalar_type()), weight).to(x.scalar_type());
  return bias.defined() ? product + bias : product;
}

}  // namespace prunenet
