#include "prunenet/model/rotary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "model/tiny_models.h"

namespace prunenet {
namespace {

ModelConfig config_with(RopeScaling scaling) {
  ModelConfig config;
  config.head_dim = 8;
  config.rotary_dim = 8;
  config.rope_theta = 1000.0;
  config.rope_scaling = scaling;
  return config;
}

TEST(Rotary, FrequenciesArePowersOfTheta) {
  const torch::Tensor frequencies = rotary_frequencies(config_with({}));
  for (int j = 0; j < 4; ++j) EXPECT_NEAR(frequencies[j].item<double>(), std::pow(1000.0, -j / 4.0), 1e-6);
}

TEST(Rotary, LinearScalingDividesAll) {
  const torch::Tensor plain = rotary_frequencies(config_with({}));
  const torch::Tensor scaled = rotary_frequencies(config_with({.kind = RopeScaling::Kind::kLinear, .factor = 4.0}));
  EXPECT_LT(testing::largest_difference(scaled * 4.0, plain), 1e-7);
}

TEST(Rotary, Llama3ScalingKeepsShortAndDividesLongWavelengths) {
  const torch::Tensor plain = rotary_frequencies(config_with({}));
  const RopeScaling scaling{.kind = RopeScaling::Kind::kLlama3,
                            .factor = 8.0,
                            .low_freq_factor = 1.0,
                            .high_freq_factor = 4.0,
                            .original_max_position_embeddings = 256};
  const torch::Tensor scaled = rotary_frequencies(config_with(scaling));
  // Wavelengths 6.3, 35, 199 and 1117 against the limits 256 / 4 and 256 / 1.
  EXPECT_EQ(scaled[0].item<float>(), plain[0].item<float>());
  EXPECT_EQ(scaled[1].item<float>(), plain[1].item<float>());
  const double frequency = std::pow(1000.0, -0.5);
  const double smooth = (256.0 * frequency / (2.0 * std::numbers::pi) - 1.0) / 3.0;
  EXPECT_NEAR(scaled[2].item<double>(), (1.0 - smooth) * frequency / 8.0 + smooth * frequency, 1e-7);
  EXPECT_NEAR(scaled[3].item<double>(), plain[3].item<double>() / 8.0, 1e-8);
}

TEST(Rotary, KeepsLengthsAndDependsOnDistanceOnly) {
  torch::manual_seed(2);
  const torch::Tensor frequencies = rotary_frequencies(config_with({}));
  const torch::Tensor q = torch::randn({8});
  const torch::Tensor k = torch::randn({8});
  const auto at = [&](const torch::Tensor& x, std::int64_t position) {
    const RotaryAngles angles = rotary_angles(frequencies, torch::full({1}, position, torch::kInt64));
    return rotate(x.view({1, 1, 8}).clone(), angles).flatten();
  };
  EXPECT_LT(testing::largest_difference(at(q, 0), q), 1e-7);
  EXPECT_NEAR(at(q, 11).norm().item<double>(), q.norm().item<double>(), 1e-5);
  EXPECT_NEAR(at(q, 17).dot(at(k, 13)).item<double>(), at(q, 4).dot(at(k, 0)).item<double>(), 1e-5);
}

TEST(Rotary, InPlaceAndRecordedFormsAgree) {
  torch::manual_seed(3);
  const RotaryAngles angles = rotary_angles(rotary_frequencies(config_with({})), torch::arange(5));
  const torch::Tensor heads = torch::randn({5, 3, 8});
  const torch::Tensor recorded = rotate(heads, angles);
  const torch::NoGradGuard no_grad;
  EXPECT_LT(testing::largest_difference(rotate(heads.clone(), angles), recorded), 1e-6);
}

TEST(Rotary, RestOfAPartlyRotatedHeadStays) {
  torch::manual_seed(4);
  ModelConfig config = config_with({});
  config.rotary_dim = 4;
  const RotaryAngles angles = rotary_angles(rotary_frequencies(config), torch::arange(5));
  const torch::Tensor heads = torch::randn({5, 3, 8});
  const torch::Tensor recorded = rotate(heads, angles);
  EXPECT_LT(testing::largest_difference(recorded.slice(2, 0, 4), rotate(heads.slice(2, 0, 4).clone(), angles)), 1e-6);
  EXPECT_TRUE(torch::equal(recorded.slice(2, 4), heads.slice(2, 4)));
  const torch::NoGradGuard no_grad;
  EXPECT_LT(testing::largest_difference(rotate(heads.clone(), angles), recorded), 1e-6);
}

TEST(Rotary, WindowsMayHaveAThetaOfTheirOwn) {
  ModelConfig config = config_with({.kind = RopeScaling::Kind::kLinear, .factor = 4.0});
  EXPECT_TRUE(torch::equal(window_rotary_frequencies(config), rotary_frequencies(config)));
  config.window_rope_theta = 100.0;
  for (int j = 0; j < 4; ++j) {
    EXPECT_NEAR(window_rotary_frequencies(config)[j].item<double>(), std::pow(100.0, -j / 4.0), 1e-6);
  }
}

}  // namespace
}  // namespace prunenet
