#include "prunenet/model/rotary.h"

#include "prunenet/family/llama3_rotary.h"

namespace prunenet {

namespace {

torch::Tensor llama3_divisor_tensor(const ModelConfig& config) {
  return torch::tensor(llama3_divisors(config.rope_scaling, config.rope_theta, config.rotary_dim), torch::kFloat);
}

/// 1 / theta^(j / rotary_dim) for even j
torch::Tensor plain_frequencies(std::int64_t rotary_dim, double theta) {
  const torch::Tensor exponents = torch::arange(0, rotary_dim, 2, torch::kFloat) / static_cast<double>(rotary_dim);
  return 1.0 / torch::pow(theta, exponents);
}

}  // namespace

torch::Tensor window_rotary_frequencies(const ModelConfig& config) {
  return config.window_rope_theta > 0.0 ? plain_frequencies(config.rotary_dim, config.window_rope_theta)
                                        : rotary_frequencies(config);
}

torch::Tensor rotary_frequencies(const ModelConfig& config) {
  const torch::Tensor frequencies = plain_frequencies(config.rotary_dim, config.rope_theta);
  switch (config.rope_scaling.kind) {
    case RopeScaling::Kind::kLinear:
      return frequencies / config.rope_scaling.factor;
    case RopeScaling::Kind::kLlama3:
      return frequencies / llama3_divisor_tensor(config);
    case RopeScaling::Kind::kNone:
      break;
  }
  return frequencies;
}

RotaryAngles rotary_angles(const torch::Tensor& frequencies, const torch::Tensor& positions) {
  const torch::Tensor angles = torch::outer(positions.to(torch::kFloat), frequencies).unsqueeze(1);
  return {angles.cos(), angles.sin()};
}

torch::Tensor rotate(const torch::Tensor& heads, const RotaryAngles& angles) {
  const std::int64_t half = angles.cos.size(-1);
  torch::Tensor first = heads.narrow(-1, 0, half);
  torch::Tensor second = heads.narrow(-1, half, half);
  if (at::GradMode::is_enabled()) {
    return torch::cat({first * angles.cos - second * angles.sin, second * angles.cos + first * angles.sin,
                       heads.narrow(-1, 2 * half, heads.size(-1) - 2 * half)},
                      -1);
  }
  const torch::Tensor first_before = first.clone();
  first.mul_(angles.cos).addcmul_(second, angles.sin, -1.0);
  second.mul_(angles.cos).addcmul_(first_before, angles.sin);
  return heads;
}

}  // namespace prunenet
