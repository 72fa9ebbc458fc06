#include "prunenet/policy/prunenet_network.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "support/expect_error.h"
#include "support/goldens.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::largest_difference;
using testing::load_goldens;

PrunenetNetwork make_network(std::int64_t hidden_size, std::int64_t intermediate_size, std::uint64_t seed = 1) {
  Rng rng(seed);
  return PrunenetNetwork(hidden_size, intermediate_size, rng);
}

void set(PrunenetNetwork& network, const std::string& name, const torch::Tensor& value) {
  const torch::NoGradGuard no_grad;
  network->named_parameters()[name].copy_(value);
}

TEST(PrunenetNetwork, ForwardAsComputedByHand) {
  PrunenetNetwork network = make_network(2, 3);
  set(network, "proj_intermediate.weight", torch::tensor({{1.0F, 0.0F}, {0.0F, 2.0F}, {1.0F, 1.0F}}));
  set(network, "proj_intermediate.bias", torch::tensor({0.5F, 0.0F, -1.0F}));
  set(network, "row_sparsities", torch::tensor({{1.0F}, {0.5F}, {0.25F}}));
  // Row (1, 2): W x + b = (1.5, 4, 2), times r: 1.5 + 2 + 0.5. Row (0, 0): b times r. Row (-2, 1): (-1.5, 2, -2).
  const torch::Tensor rows = torch::tensor({{1.0F, 2.0F}, {0.0F, 0.0F}, {-2.0F, 1.0F}});
  const torch::Tensor expected = torch::tensor({4.0F, 0.25F, -1.0F});
  EXPECT_LT(largest_difference(network->forward(rows), expected), 1e-6);
  EXPECT_LT(largest_difference(network->forward_factored(rows), expected), 1e-6);
}

TEST(PrunenetNetwork, BothOrdersOfProductsHaveTheSameGradient) {
  PrunenetNetwork network = make_network(7, 40);
  torch::manual_seed(3);
  const torch::Tensor rows = torch::randn({40, 7});
  const torch::Tensor direction = torch::randn({40});
  const auto gradients = [&](const torch::Tensor& z) {
    network->zero_grad();
    (z * direction).sum().backward();
    std::vector<torch::Tensor> all;
    for (const auto& parameter : network->parameters()) all.push_back(parameter.grad().clone());
    return all;
  };
  const auto published = gradients(network->forward(rows));
  const auto factored = gradients(network->forward_factored(rows));
  for (std::size_t i = 0; i < published.size(); ++i) {
    EXPECT_LT(largest_difference(published[i], factored[i]), 1e-4) << "float32 rounding of sums of 40";
  }
}

TEST(PrunenetNetwork, StartsAsPyTorchStartsIt) {
  PrunenetNetwork network = make_network(100, 2000);
  const auto parameters = network->named_parameters();
  const torch::Tensor weight = parameters["proj_intermediate.weight"].detach();
  EXPECT_LE(weight.abs().max().item<float>(), 0.1F);
  EXPECT_NEAR(weight.std().item<double>(), 0.1 / std::sqrt(3.0), 1e-3);
  const torch::Tensor vector = parameters["row_sparsities"].detach();
  EXPECT_EQ(vector.sizes(), (std::vector<std::int64_t>{2000, 1}));
  EXPECT_GE(vector.min().item<float>(), 0.0F);
  EXPECT_LT(vector.max().item<float>(), 1.0F);
  EXPECT_NEAR(vector.mean().item<double>(), 0.5, 0.03) << "four standard errors";
}

TEST(PrunenetNetwork, AnotherShapeIsRefused) {
  PrunenetNetwork network = make_network(4, 6);
  expect_error(ErrorKind::kMismatch, {"6 neurons of 4", "given 6 of 5"}, [&] {
    (void)network->forward(torch::zeros({6, 5}));
  });
  expect_error(ErrorKind::kMismatch, {"given 7 of 4"}, [&] { (void)network->forward_factored(torch::zeros({7, 4})); });
}

TEST(ConcreteKeepProbabilities, AreThoseOfTheReference) {
  const auto golden = load_goldens("prunenet/golden.safetensors");
  PrunenetNetwork network = make_network(golden.at("rows").size(2), golden.at("rows").size(1));
  for (const auto& parameter : network->named_parameters()) {
    set(network, parameter.key(), golden.at("initial." + parameter.key()));
  }
  for (std::int64_t layer = 0; layer < golden.at("rows").size(0); ++layer) {
    const torch::Tensor p =
        concrete_keep_probabilities(network->forward(golden.at("rows")[layer]), golden.at("sampling_noise")[layer]);
    EXPECT_LT(largest_difference(p, golden.at("keep_probabilities")[layer]), 2e-6) << "a few units of float32";
  }
}

TEST(ConcreteKeepProbabilities, SaturateInFloat32AndThenHaveNoGradient) {
  torch::Tensor z = torch::tensor({0.0F, 20.0F}).requires_grad_();
  const torch::Tensor p = concrete_keep_probabilities(z, torch::full({2}, 0.5F));
  EXPECT_EQ(p[1].item<float>(), 1.0F);
  torch::log(p).sum().backward();
  EXPECT_TRUE(std::isfinite(z.grad()[0].item<float>()));
  EXPECT_TRUE(std::isnan(z.grad()[1].item<float>()));
}

TEST(ConcreteNoise, IsUniformAndNeverAtAnEnd) {
  Rng rng(7);
  const torch::Tensor noise = concrete_noise(200'000, rng);
  EXPECT_GT(noise.min().item<float>(), 0.0F);
  EXPECT_LT(noise.max().item<float>(), 1.0F);
  EXPECT_NEAR(noise.mean().item<double>(), 0.5, 4.0 * std::sqrt(1.0 / 12.0 / 200'000.0)) << "four standard errors";
  EXPECT_NEAR(noise.var().item<double>(), 1.0 / 12.0, 1e-3);
  const float largest = 1.0F - 0x1.0p-24F;  // the largest value that can come of it
  EXPECT_LT(largest, 1.0F);
  EXPECT_TRUE(std::isfinite(std::log(1.0F - largest)));
}

/// Chance of each pair (first, second) under sampling without replacement in proportion to p.
double pair_chance(const std::array<float, 4>& p, std::size_t first, std::size_t second) {
  const double total = p[0] + p[1] + p[2] + p[3];
  return p[first] / total * p[second] / (total - p[first]);
}

TEST(DrawWithoutReplacement, FrequenciesAreThoseOfSuccessiveDraws) {
  constexpr int kDraws = 40'000;
  const std::array<float, 4> p{0.1F, 0.2F, 0.3F, 0.9F};
  const torch::Tensor probabilities = torch::tensor({p[0], p[1], p[2], p[3]});
  std::array<std::array<int, 4>, 4> counts{};
  Rng rng(11);
  for (int draw = 0; draw < kDraws; ++draw) {
    const torch::Tensor kept = draw_without_replacement(probabilities, 2, rng);
    ++counts[static_cast<std::size_t>(kept[0].item<std::int64_t>())]
            [static_cast<std::size_t>(kept[1].item<std::int64_t>())];
  }
  for (std::size_t first = 0; first < 4; ++first) {
    EXPECT_EQ(counts[first][first], 0);
    for (std::size_t second = 0; second < 4; ++second) {
      if (first == second) continue;
      const double chance = pair_chance(p, first, second);
      const double error = 4.5 * std::sqrt(chance * (1.0 - chance) / kDraws);
      EXPECT_NEAR(counts[first][second] / static_cast<double>(kDraws), chance, error) << first << ", " << second;
    }
  }
}

TEST(DrawWithoutReplacement, NeverDrawsARowOfProbabilityZero) {
  Rng rng(1);
  const torch::Tensor p = torch::tensor({0.5F, 0.0F, 1e-30F, 0.5F});
  for (int draw = 0; draw < 200; ++draw) {
    EXPECT_EQ((draw_without_replacement(p, 3, rng) == 1).sum().item<int>(), 0);
  }
}

TEST(DrawWithoutReplacement, ImpossibleProbabilitiesAreRefused) {
  Rng rng(1);
  const auto draw = [&rng](const torch::Tensor& p) { (void)draw_without_replacement(p, 2, rng); };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"row 1 of 3", "nan", "prunenet.learning_rate"}, [&] {
    draw(torch::tensor({0.1F, nan, 0.1F}));
  });
  expect_error(ErrorKind::kNumerical, {"row 0 of 3", "-0.5"}, [&] { draw(torch::tensor({-0.5F, 0.1F, 0.1F})); });
  expect_error(ErrorKind::kNumerical, {"2 of 3 rows", "only 1"}, [&] { draw(torch::tensor({0.5F, 0.0F, 0.0F})); });
}

TEST(DrawKeepSet, CorrectedDrawsInProportionToTheExponentialOfZ) {
  constexpr int kDraws = 40'000;
  PrunenetNetwork network = make_network(1, 2);
  set(network, "proj_intermediate.weight", torch::tensor({{1.0F}, {1.0F}}));
  set(network, "proj_intermediate.bias", torch::zeros({2}));
  set(network, "row_sparsities", torch::full({2, 1}, 0.5F));
  const torch::Tensor rows = torch::tensor({{1.0F}, {0.0F}});  // z = 1, 0
  Rng rng(5);
  int first = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    if (draw_keep_set(network, rows, 1, /*faithful=*/false, rng)[0].item<int>() == 0) ++first;
  }
  const double chance = std::exp(1.0) / (std::exp(1.0) + 1.0);
  EXPECT_NEAR(first / static_cast<double>(kDraws), chance, 4.5 * std::sqrt(chance * (1.0 - chance) / kDraws));
}

}  // namespace
}  // namespace prunenet
