#include "prunenet/model/rotary.h"

#include <numbers>

namespace prunenet {

namespace {

// Grattafiori et al. 2024, as in transformers' `_compute_llama3_parameters`: short wavelengths stay, long ones are
// divided by the factor, and those between are interpolated.
torch::Tensor scale_llama3(const torch::Tensor& frequencies, const RopeScaling& scaling) {
  const auto original = static_cast<double>(scaling.original_max_position_embeddings);
  const double low_wavelength = original / scaling.low_freq_factor;
  const double high_wavelength = original / scaling.high_freq_factor;
  const torch::Tensor wavelength = 2.0 * std::numbers::pi / frequencies;
  const torch::Tensor divided = frequencies / scaling.factor;
  const torch::Tensor smooth =
      (original / wavelength - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  const torch::Tensor between = (1.0 - smooth) * divided + smooth * frequencies;
  const torch::Tensor long_or_between = torch::where(wavelength > low_wavelength, divided, between);
  return torch::where(wavelength < high_wavelength, frequencies, long_or_between);
}

}  // namespace

torch::Tensor rotary_frequencies(const ModelConfig& config) {
  const torch::Tensor exponents =
      torch::arange(0, config.head_dim, 2, torch::kFloat) / static_cast<double>(config.head_dim);
  const torch::Tensor frequencies = 1.0 / torch::pow(config.rope_theta, exponents);
  switch (config.rope_scaling.kind) {
    case RopeScaling::Kind::kLinear:
      return frequencies / config.rope_scaling.factor;
    case RopeScaling::Kind::kLlama3:
      return scale_llama3(frequencies, config.rope_scaling);
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
  const std::vector<torch::Tensor> halves = heads.chunk(2, -1);
  torch::Tensor first = halves[0];
  torch::Tensor second = halves[1];
  if (at::GradMode::is_enabled()) {
    return torch::cat({first * angles.cos - second * angles.sin, second * angles.cos + first * angles.sin}, -1);
  }
  const torch::Tensor first_before = first.clone();
  first.mul_(angles.cos).addcmul_(second, angles.sin, -1.0);
  second.mul_(angles.cos).addcmul_(first_before, angles.sin);
  return heads;
}

}  // namespace prunenet
