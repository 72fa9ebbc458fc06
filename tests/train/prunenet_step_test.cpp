#include "prunenet/train/prunenet_step.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/expect_error.h"
#include "support/goldens.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::largest_difference;
using testing::load_goldens;

using Goldens = std::map<std::string, torch::Tensor>;

PrunenetNetwork network_of(const Goldens& golden) {
  Rng rng(0);
  PrunenetNetwork network(golden.at("rows").size(2), golden.at("rows").size(1), rng);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : network->named_parameters()) {
    parameter.value().copy_(golden.at("initial." + parameter.key()));
  }
  return network;
}

LayerUpdate update_of(const Goldens& golden, std::int64_t layer) {
  return {.rows = golden.at("rows")[layer],
          .kept = golden.at("kept")[layer],
          .weight = golden.at("discounted")[layer].item<double>(),
          .noise = golden.at("loss_noise")[layer]};
}

torch::optim::AdamW make_optimizer(PrunenetNetwork& network, const PrunenetOptions& options) {
  const auto settings = torch::optim::AdamWOptions(options.learning_rate).weight_decay(options.weight_decay);
  return torch::optim::AdamW(network->parameters(), settings);
}

/// All layers of the golden episode in order; returns the losses.
std::vector<double> take_steps(PrunenetNetwork& network, const Goldens& golden, const PrunenetOptions& options) {
  torch::optim::AdamW optimizer = make_optimizer(network, options);
  std::vector<double> losses;
  for (std::int64_t layer = 0; layer < golden.at("rows").size(0); ++layer) {
    const StepOutcome outcome = prunenet_step(network, optimizer, update_of(golden, layer), options);
    EXPECT_FALSE(outcome.skipped);
    losses.push_back(outcome.loss);
  }
  return losses;
}

void expect_parameters(const PrunenetNetwork& network, const Goldens& golden, const std::string& prefix,
                       const std::string& except = "") {
  for (const auto& parameter : network->named_parameters()) {
    if (parameter.key() == except) continue;
    EXPECT_LT(largest_difference(parameter.value(), golden.at(prefix + parameter.key())), 2e-5)
        << parameter.key() << ": a fiftieth of one step of AdamW";
  }
}

/// Central differences of the loss in float64 on a few entries of every parameter.
void expect_gradient_of_differences(bool faithful) {
  const Goldens golden = load_goldens("prunenet/golden.safetensors");
  PrunenetNetwork network = network_of(golden);
  network->to(torch::kFloat64);
  LayerUpdate update = update_of(golden, 1);
  update.rows = update.rows.to(torch::kFloat64);
  update.noise = update.noise.to(torch::kFloat64);
  prunenet_loss(network, update, faithful).backward();
  const torch::NoGradGuard no_grad;
  for (const auto& parameter : network->named_parameters()) {
    torch::Tensor values = parameter.value().view(-1);
    const torch::Tensor gradient = parameter.value().grad().view(-1);
    for (std::int64_t i = 0; i < values.numel(); i += std::max<std::int64_t>(1, values.numel() / 7)) {
      constexpr double kStep = 1e-5;
      const double at = values[i].item<double>();
      values[i] = at + kStep;
      const double above = prunenet_loss(network, update, faithful).item<double>();
      values[i] = at - kStep;
      const double below = prunenet_loss(network, update, faithful).item<double>();
      values[i] = at;
      const double expected = (above - below) / (2.0 * kStep);
      EXPECT_NEAR(gradient[i].item<double>(), expected, 1e-6 * (1.0 + std::abs(expected)))
          << parameter.key() << "[" << i << "]";
    }
  }
}

TEST(PublishedKeptCount, IsRoundedDown) {
  EXPECT_EQ(published_kept_count(1536, 0.3), 1075);
  EXPECT_EQ(published_kept_count(1536, 0.2), 1228) << "1228.8";
  expect_error(ErrorKind::kInvalidArgument, {"ratio 0.95", "none of 10", "prunenet.ratio"},
               [] { (void)published_kept_count(10, 0.95); });
}

TEST(KsReward, IsTheInverseAndFiniteAtZero) {
  EXPECT_DOUBLE_EQ(ks_reward(0.25), 4.0);
  EXPECT_DOUBLE_EQ(ks_reward(0.0), 99999.0);
}

TEST(Discounted, EachLayerByItsOwnPowerAndNoSum) {
  const std::vector<double> values = discounted({5.0, 4.0, 3.0}, 0.5);
  EXPECT_EQ(values, (std::vector<double>{5.0, 2.0, 0.75}));
}

TEST(PrunenetLoss, GradientIsThatOfFiniteDifferences) {
  expect_gradient_of_differences(/*faithful=*/true);
}

TEST(PrunenetLoss, CorrectedGradientIsThatOfFiniteDifferences) {
  expect_gradient_of_differences(/*faithful=*/false);
}

TEST(PrunenetLoss, FirstGradientIsThatOfTheReference) {
  const Goldens golden = load_goldens("prunenet/golden.safetensors");
  PrunenetNetwork network = network_of(golden);
  prunenet_loss(network, update_of(golden, 0), /*faithful=*/true).backward();
  for (const auto& parameter : network->named_parameters()) {
    const torch::Tensor& expected = golden.at("first_gradient." + parameter.key());
    EXPECT_LT(largest_difference(parameter.value().grad(), expected), 1e-5 * expected.abs().max().item<double>())
        << parameter.key() << ": float32 rounding";
  }
}

TEST(PrunenetStep, AnEpisodeIsThatOfTheReference) {
  const Goldens golden = load_goldens("prunenet/golden.safetensors");
  PrunenetNetwork network = network_of(golden);
  const std::vector<double> losses = take_steps(network, golden, {});
  for (std::size_t layer = 0; layer < losses.size(); ++layer) {
    const double expected = golden.at("loss")[static_cast<std::int64_t>(layer)].item<double>();
    EXPECT_NEAR(losses[layer], expected, 1e-4 * expected);
  }
  expect_parameters(network, golden, "final.");
}

TEST(PrunenetStep, ACorrectedEpisodeIsThatOfTheReference) {
  const Goldens golden = load_goldens("prunenet/golden.safetensors");
  PrunenetNetwork network = network_of(golden);
  const std::vector<double> losses = take_steps(network, golden, {.faithful = false});
  for (std::size_t layer = 0; layer < losses.size(); ++layer) {
    const double expected = golden.at("corrected.loss")[static_cast<std::int64_t>(layer)].item<double>();
    EXPECT_NEAR(losses[layer], expected, 1e-4 * expected);
  }
  // b adds the same to every z, which Plackett-Luce does not see: its gradient is rounding, and AdamW makes steps of
  // it.
  expect_parameters(network, golden, "corrected.final.", "proj_intermediate.bias");
}

/// The largest difference that clipping to next to nothing makes to the parameters after an episode.
double effect_of_clipping(bool faithful) {
  const Goldens golden = load_goldens("prunenet/golden.safetensors");
  PrunenetNetwork as_it_is = network_of(golden);
  PrunenetNetwork clipped = network_of(golden);
  take_steps(as_it_is, golden, {.gradient_clip = 1e6, .faithful = faithful});
  take_steps(clipped, golden, {.gradient_clip = 1e-9, .faithful = faithful});
  double largest = 0.0;
  for (const auto& parameter : as_it_is->named_parameters()) {
    largest = std::max(largest, largest_difference(parameter.value(), clipped->named_parameters()[parameter.key()]));
  }
  return largest;
}

TEST(PrunenetStep, PublishedClippingHasNoEffectAndCorrectedClippingHas) {
  EXPECT_EQ(effect_of_clipping(/*faithful=*/true), 0.0);
  EXPECT_GT(effect_of_clipping(/*faithful=*/false), 1e-3) << "gradients far below AdamW's epsilon move nothing";
}

TEST(PrunenetStep, AGradientThatIsNotFiniteIsPassedOver) {
  const Goldens golden = load_goldens("prunenet/golden.safetensors");
  PrunenetNetwork network = network_of(golden);
  torch::optim::AdamW optimizer = make_optimizer(network, {});
  LayerUpdate update = update_of(golden, 0);
  update.rows = update.rows * 1e4F;  // alpha is 1 in float32
  const StepOutcome outcome = prunenet_step(network, optimizer, update, {});
  EXPECT_TRUE(outcome.skipped);
  expect_parameters(network, golden, "initial.");
  EXPECT_FALSE(prunenet_step(network, optimizer, update_of(golden, 0), {}).skipped) << "and does not stay behind";
}

}  // namespace
}  // namespace prunenet
