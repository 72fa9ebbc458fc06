// What the features are where weights are damaged, dead, equal, huge or tiny.
#include <gtest/gtest.h>

#include <limits>
#include <tuple>

#include "features/random_weights.h"
#include "prunenet/features/neuron_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::features_of;
using testing::LayerWeights;
using testing::RandomWeights;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

void expect_defined(const RandomWeights& weights) {
  for (const MatrixF& layer : features_of(weights)) {
    ASSERT_TRUE(layer.allFinite());
    EXPECT_LE(layer.cwiseAbs().maxCoeff(), 4.0F);
  }
}

TEST(FeaturesNumeric, WeightThatIsNotFinite) {
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    for (const auto map : {&LayerWeights::gate, &LayerWeights::up, &LayerWeights::down, &LayerWeights::v}) {
      RandomWeights weights(24, 40, 5);
      (weights.mutable_layer(1).*map).weight(7, 3) = bad;
      expect_error(ErrorKind::kNumerical, {"layer 1", "[7, 3]"}, [&] { (void)features_of(weights); });
    }
    RandomWeights gain(24, 40, 5);
    gain.mutable_layer(2).ffn_norm.gain(1) = bad;
    expect_error(ErrorKind::kNumerical, {"layer 2", "FFN norm gain", "[1, 0]"}, [&] { (void)features_of(gain); });
    RandomWeights embedding(24, 40, 5);
    embedding.mutable_embedding()(3, 3) = bad;
    expect_error(ErrorKind::kNumerical, {"embedding", "[3, 3]"}, [&] { (void)features_of(embedding); });
  }
}

TEST(FeaturesNumeric, WeightOfALaterPartOfTheNeuronsIsNamedByItsPlaceInTheWhole) {
  for (const auto& [map, row, column, place] :
       {std::tuple{&LayerWeights::gate, 290, 3, "gate projection: the weight at [290, 3]"},
        std::tuple{&LayerWeights::up, 290, 3, "up projection: the weight at [290, 3]"},
        std::tuple{&LayerWeights::down, 7, 290, "down projection: the weight at [7, 290]"}}) {
    RandomWeights weights(24, 300, 5);
    (weights.mutable_layer(1).*map).weight(row, column) = kNan;
    expect_error(ErrorKind::kNumerical, {"layer 1", place}, [&] { (void)features_of(weights); });
  }
}

TEST(FeaturesNumeric, WeightTooLargeToComputeWith) {
  RandomWeights weights(24, 40, 5);
  weights.mutable_layer(1).down.weight(7, 3) = -1e30F;
  expect_error(ErrorKind::kNumerical, {"layer 1, down projection", "[7, 3]", "-1e+30", "1e+08"},
               [&] { (void)features_of(weights); });
  weights.mutable_layer(1).down.weight(7, 3) = -1e8F;
  expect_defined(weights);
}

TEST(FeaturesNumeric, StatesThatGrowStayWithinDoublePrecision) {
  RandomWeights weights(24, 40, 5);
  weights.mutable_layer(1).v.weight *= 1e8F;
  weights.mutable_layer(1).o.weight *= 1e8F;
  weights.mutable_layer(1).attention_norm.gain *= 1e8F;
  expect_defined(weights);
}

TEST(FeaturesNumeric, DeadNeuronsAreFiniteAndAllAlike) {
  RandomWeights weights(24, 40, 6);
  for (const Eigen::Index neuron : {3, 17}) {
    weights.mutable_layer(1).gate.weight.row(neuron).setZero();
    weights.mutable_layer(1).up.weight.row(neuron).setZero();
    weights.mutable_layer(1).down.weight.col(neuron).setZero();
  }
  const MatrixF layer = features_of(weights)[1];
  ASSERT_TRUE(layer.allFinite());
  const auto& names = feature_names();
  for (std::size_t j = 0; j < names.size(); ++j) {
    const auto column = static_cast<Eigen::Index>(j);
    if (!names[j].starts_with("z(")) continue;
    EXPECT_EQ(layer(3, column), layer(17, column)) << names[j];
    const bool is_size = names[j] == "z(log_norm.down)";
    EXPECT_TRUE(!is_size || layer(3, column) == layer.col(column).minCoeff());
  }
}

TEST(FeaturesNumeric, MatricesOfZeros) {
  for (const auto map :
       {&LayerWeights::gate, &LayerWeights::up, &LayerWeights::down, &LayerWeights::v, &LayerWeights::o}) {
    RandomWeights weights(24, 40, 7);
    (weights.mutable_layer(1).*map).weight.setZero();
    expect_defined(weights);
  }
  RandomWeights all(24, 40, 7);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    LayerWeights& of = all.mutable_layer(layer);
    for (const auto map :
         {&LayerWeights::gate, &LayerWeights::up, &LayerWeights::down, &LayerWeights::v, &LayerWeights::o}) {
      (of.*map).weight.setZero();
    }
  }
  expect_defined(all);
  all.mutable_embedding().setZero();
  expect_defined(all);
}

TEST(FeaturesNumeric, EmbeddingOfRankOne) {
  RandomWeights weights(24, 40, 7);
  weights.mutable_embedding().rowwise() = weights.mutable_embedding().row(0).eval();
  expect_defined(weights);
}

TEST(FeaturesNumeric, NormGainsOfZero) {
  RandomWeights ffn(24, 40, 8);
  ffn.mutable_layer(1).ffn_norm.gain.setZero();
  expect_defined(ffn);
  RandomWeights attention(24, 40, 8);
  attention.mutable_layer(0).attention_norm.gain.setZero();
  expect_defined(attention);
}

TEST(FeaturesNumeric, StateOfZerosUnderANormWithoutEpsilonStaysZero) {
  for (const NormKind kind : {NormKind::kRms, NormKind::kLayer}) {
    RandomWeights weights(24, 40, 9);
    weights.mutable_config().norm = kind;
    weights.mutable_config().norm_eps = 0.0;
    weights.mutable_embedding().topRows(100).setZero();  // padding tokens, say
    expect_defined(weights);
  }
}

TEST(FeaturesNumeric, DuplicatedNeuronsAreAlike) {
  RandomWeights weights(24, 40, 10);
  LayerWeights& layer = weights.mutable_layer(1);
  layer.gate.weight.row(31) = layer.gate.weight.row(4);
  layer.up.weight.row(31) = layer.up.weight.row(4);
  layer.down.weight.col(31) = layer.down.weight.col(4);
  const MatrixF features = features_of(weights)[1];
  const auto& names = feature_names();
  for (std::size_t j = 0; j < names.size(); ++j) {
    const auto column = static_cast<Eigen::Index>(j);
    if (!names[j].starts_with("z(")) continue;
    EXPECT_NEAR(features(4, column), features(31, column), 1e-3) << names[j];
  }
}

TEST(FeaturesNumeric, WhereEveryNeuronIsTheSameNoneStandsOut) {
  RandomWeights weights(24, 40, 11);
  LayerWeights& layer = weights.mutable_layer(1);
  layer.gate.weight.rowwise() = layer.gate.weight.row(0).eval();
  layer.up.weight.rowwise() = layer.up.weight.row(0).eval();
  layer.down.weight.colwise() = layer.down.weight.col(0).eval();
  const MatrixF features = features_of(weights)[1];
  const auto& names = feature_names();
  for (std::size_t j = 0; j < names.size(); ++j) {
    if (!names[j].starts_with("z(")) continue;
    // Rounding that depends on the place in a matrix product is no difference between neurons.
    EXPECT_EQ(features.col(Eigen::Index(j)).cwiseAbs().maxCoeff(), 0.0F) << names[j];
  }
}

TEST(FeaturesNumeric, OneNeuronAndOneDimension) {
  expect_defined(RandomWeights(24, 1, 12));
  expect_defined(RandomWeights(1, 40, 12));
  expect_defined(RandomWeights(1, 1, 12));
}

TEST(FeaturesNumeric, DenormalWeights) {
  RandomWeights weights(24, 40, 13);
  for (const auto map : {&LayerWeights::gate, &LayerWeights::up, &LayerWeights::down}) {
    (weights.mutable_layer(1).*map).weight *= 1e-40F;
  }
  expect_defined(weights);
}

TEST(SafeLog, IsClampedBelowAndPassesOnWhatIsNoNumber) {
  VectorD values(4);
  values << 0.0, -1.0, 1.0, std::numeric_limits<double>::quiet_NaN();
  const VectorD logs = safe_log(values);
  EXPECT_DOUBLE_EQ(logs(0), std::log(1e-20));
  EXPECT_DOUBLE_EQ(logs(1), std::log(1e-20));
  EXPECT_EQ(logs(2), 0.0);
  EXPECT_TRUE(std::isnan(logs(3)));
}

}  // namespace
}  // namespace prunenet
