#include "prunenet/family/llama3_rotary.h"

#include <cmath>
#include <numbers>

namespace prunenet {

std::vector<double> llama3_divisors(const RopeScaling& scaling, double theta, std::int64_t dim) {
  const auto context = static_cast<double>(scaling.original_max_position_embeddings);
  std::vector<double> divisors;
  for (std::int64_t i = 0; i < dim / 2; ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(dim);
    const double wavelength = 2.0 * std::numbers::pi * std::pow(theta, exponent);
    if (wavelength < context / scaling.high_freq_factor) {
      divisors.push_back(1.0);
    } else if (wavelength > context / scaling.low_freq_factor) {
      divisors.push_back(scaling.factor);
    } else {
      const double smooth =
          (context / wavelength - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
      divisors.push_back(1.0 / ((1.0 - smooth) / scaling.factor + smooth));
    }
  }
  return divisors;
}

}  // namespace prunenet
