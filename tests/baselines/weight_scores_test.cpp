// Methods that look at weights only.

#include <gtest/gtest.h>

#include <Eigen/SVD>
#include <cmath>
#include <limits>

#include "baselines/loaded_model.h"
#include "prunenet/baselines/leverage.h"
#include "prunenet/baselines/magnitude.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::LoadedModel;

/// sqrt of the sum of squares in double, element by element.
template <typename Vector>
double plain_norm(const Vector& values) {
  double sum = 0.0;
  for (Eigen::Index i = 0; i < values.size(); ++i)
    sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return std::sqrt(sum);
}

TEST(Magnitude, IsTheNormOfTheCheckpointsPlainWeights) {
  const LoadedModel model;
  for (std::int64_t layer = 0; layer < 2; ++layer) {
    const FfnWeights ffn = read_ffn(model.checkpoint, *model.family, layer);
    const auto score = [&](const char* matrix, std::int64_t i) {
      return magnitudes(model.layer(static_cast<std::size_t>(layer)), matrix)[i].item<double>();
    };
    for (std::int64_t i = 0; i < 24; ++i) {
      const double gate = plain_norm(ffn.gate.row(i));
      const double up = plain_norm(ffn.up.row(i));
      const double down = plain_norm(ffn.down.col(i));
      EXPECT_NEAR(score("gate", i), gate, 1e-5 * gate);
      EXPECT_NEAR(score("up", i), up, 1e-5 * up);
      EXPECT_NEAR(score("down", i), down, 1e-5 * down);
      EXPECT_NEAR(score("product", i), gate * up * down, 1e-5 * gate * up * down);
    }
  }
}

TEST(Magnitude, KeepsTheLargestAndTheProductUnlessTold) {
  LoadedModel model;
  for (const char* matrix : {"gate", "up", "down", "product"}) {
    const Plan plan = model.plan({{"name", "magnitude"}, {"matrix", matrix}}, {}, 0.5);
    EXPECT_EQ(plan.source, std::string("magnitude of ") + matrix);
    for (std::size_t layer = 0; layer < 2; ++layer) {
      const torch::Tensor scores = magnitudes(model.layer(layer), matrix).to(torch::kFloat64).contiguous();
      EXPECT_EQ(plan.keep_indices[layer],
                testing::largest({scores.data_ptr<double>(), scores.data_ptr<double>() + 24}, 12));
    }
  }
  EXPECT_EQ(model.plan({{"name", "magnitude"}}, {}, 0.5).source, "magnitude of product");
}

/// Only what leverage looks at.
DecoderLayerWeights random_weights(std::int64_t neurons, std::int64_t hidden) {
  torch::manual_seed(3);
  DecoderLayerWeights weights;
  weights.gate_up = torch::randn({2 * neurons, hidden});
  weights.down = torch::randn({hidden, neurons});
  return weights;
}

/// Oracle: all singular vectors of J = [G U D^T].
VectorD leverage_by_svd(const DecoderLayerWeights& weights) {
  const std::int64_t neurons = weights.down.size(1);
  const std::int64_t hidden = weights.down.size(0);
  MatrixD J(neurons, 3 * hidden);
  for (std::int64_t i = 0; i < neurons; ++i) {
    for (std::int64_t j = 0; j < hidden; ++j) {
      J(i, j) = weights.gate_up[i][j].item<double>();
      J(i, hidden + j) = weights.gate_up[neurons + i][j].item<double>();
      J(i, 2 * hidden + j) = weights.down[j][i].item<double>();
    }
  }
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(J, Eigen::ComputeThinU);
  const Eigen::ArrayXd energies = svd.singularValues().array().square();
  const double lambda = energies.mean();
  return svd.matrixU().array().square().matrix() * (energies / (energies + lambda)).matrix();
}

class Leverage : public ::testing::TestWithParam<std::pair<int, int>> {};

TEST_P(Leverage, EqualsThatOfTheSingularVectors) {
  const DecoderLayerWeights weights = random_weights(GetParam().first, GetParam().second);
  const torch::Tensor scores = leverage_scores(weights);
  const VectorD expected = leverage_by_svd(weights);
  for (std::int64_t i = 0; i < GetParam().first; ++i) EXPECT_NEAR(scores[i].item<double>(), expected[i], 1e-10);
  EXPECT_GT(expected.maxCoeff() - expected.minCoeff(), 0.02);  // or any constant would pass
}

// Fewer neurons than weights a neuron, as many, more: the two Gram matrices.
INSTANTIATE_TEST_SUITE_P(Shapes, Leverage, ::testing::Values(std::pair{10, 8}, std::pair{12, 4}, std::pair{40, 5}),
                         [](const auto& test) {
                           return std::to_string(test.param.first) + "By" + std::to_string(3 * test.param.second);
                         });

TEST(LeverageScores, DecideThePlan) {
  LoadedModel model;
  const Plan plan = model.plan({{"name", "leverage"}}, {}, 0.25);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const VectorD scores = leverage_by_svd(model.layer(layer));
    EXPECT_EQ(plan.keep_indices[layer], testing::largest({scores.begin(), scores.end()}, 18));
  }
}

TEST(LeverageScores, BlockOfZeros) {
  DecoderLayerWeights weights = random_weights(6, 4);
  weights.gate_up.zero_();
  weights.down.zero_();
  EXPECT_EQ(leverage_scores(weights).abs().max().item<double>(), 0.0);
}

TEST(LeverageScores, WeightThatIsNotFinite) {
  DecoderLayerWeights weights = random_weights(6, 4);
  weights.down[1][2] = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"leverage", "not finite"}, [&] { (void)leverage_scores(weights); });
}

TEST(Random, EveryNeuronIsEquallyLikely) {
  const LoadedModel model;
  SilentProgress silent;
  constexpr int kSeeds = 400;
  const auto planner = model.planner({{"name", "random"}});
  std::vector<int> kept(48, 0);
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Plan plan = planner->select(0.5, 1, seed, silent).plan;
    for (std::size_t layer = 0; layer < 2; ++layer) {
      ASSERT_EQ(plan.keep_indices[layer].size(), 12U);
      for (const std::int64_t i : plan.keep_indices[layer]) ++kept[layer * 24 + static_cast<std::size_t>(i)];
    }
  }
  // Binomial with mean 200 and deviation 10: 48 counts within four deviations in all but one of 300 experiments.
  for (const int count : kept) EXPECT_NEAR(count, kSeeds / 2, 40);
}

}  // namespace
}  // namespace prunenet
