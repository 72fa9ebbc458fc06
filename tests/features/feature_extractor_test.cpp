#include "prunenet/features/feature_extractor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

#include "prunenet/core/rng.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

MatrixF random_matrix(Eigen::Index rows, Eigen::Index columns, Rng& rng) {
  return MatrixF::NullaryExpr(rows, columns, [&rng] { return static_cast<float>(rng.normal()) * 0.2F; });
}

/// A small random model whose neurons can be put in another order.
class RandomWeights final : public WeightSource {
 public:
  RandomWeights(std::int64_t hidden, std::int64_t neurons, std::uint64_t seed) {
    config_.hidden_size = hidden;
    config_.intermediate_size = neurons;
    config_.vocab_size = 300;
    config_.num_hidden_layers = 3;
    config_.num_attention_heads = 4;
    config_.num_key_value_heads = 2;
    config_.head_dim = 6;
    Rng rng(seed);
    embedding_ = random_matrix(300, hidden, rng);
    for (int layer = 0; layer < 3; ++layer) {
      const auto map = [&rng](std::int64_t outputs, std::int64_t inputs) {
        return LinearWeights{random_matrix(outputs, inputs, rng), {}};
      };
      LayerWeights weights;
      weights.attention_norm.gain = VectorF::Ones(hidden);
      weights.q = map(24, hidden);
      weights.k = map(12, hidden);
      weights.v = map(12, hidden);
      weights.o = map(hidden, 24);
      weights.ffn_norm.gain = VectorF::Ones(hidden);
      weights.gate = map(neurons, hidden);
      weights.up = map(neurons, hidden);
      weights.down = map(hidden, neurons);
      layers_.push_back(std::move(weights));
    }
  }
  [[nodiscard]] const ModelConfig& config() const override { return config_; }
  [[nodiscard]] LayerWeights layer(std::int64_t layer) const override { return layers_.at(std::size_t(layer)); }
  [[nodiscard]] MatrixF embedding() const override { return embedding_; }
  [[nodiscard]] MatrixF output_projection() const override { return embedding_; }
  [[nodiscard]] NormWeights final_norm() const override { return {VectorF::Ones(config_.hidden_size), {}}; }

  void reverse_neurons() {
    for (LayerWeights& layer : layers_) {
      layer.gate.weight = layer.gate.weight.colwise().reverse().eval();
      layer.up.weight = layer.up.weight.colwise().reverse().eval();
      layer.down.weight = layer.down.weight.rowwise().reverse().eval();
    }
  }
  LayerWeights& mutable_layer(std::size_t layer) { return layers_.at(layer); }

 private:
  ModelConfig config_;
  MatrixF embedding_;
  std::vector<LayerWeights> layers_;
};

std::vector<MatrixF> features_of(const WeightSource& weights) {
  std::vector<MatrixF> all;
  SilentProgress progress;
  extract_features(
      weights, [&all](std::int64_t, const MatrixF& features) { all.push_back(features); }, progress);
  return all;
}

TEST(Features, NamesAreDistinctAndOneAColumnForEveryShapeOfModel) {
  const auto& names = feature_names();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  for (const std::int64_t hidden : {16, 48}) {
    const auto features = features_of(RandomWeights(hidden, 3 * hidden, 1));
    ASSERT_EQ(features.size(), 3U);
    for (const MatrixF& layer : features) {
      EXPECT_EQ(layer.rows(), 3 * hidden);
      EXPECT_EQ(layer.cols(), static_cast<Eigen::Index>(names.size()));
      EXPECT_LE(layer.cwiseAbs().maxCoeff(), 4.0F);
    }
  }
}

TEST(Features, AreTheSameEveryTime) {
  const RandomWeights weights(24, 40, 2);
  EXPECT_EQ(features_of(weights), features_of(weights));
}

TEST(Features, FollowTheirNeuronWhenNeuronsChangePlaces) {
  RandomWeights weights(24, 40, 3);
  const auto before = features_of(weights);
  weights.reverse_neurons();
  const auto after = features_of(weights);
  for (std::size_t layer = 0; layer < before.size(); ++layer) {
    const MatrixF difference = after[layer].colwise().reverse() - before[layer];
    // Sums over neurons round differently; ranks of near-equal values may then swap by a place.
    EXPECT_LT(difference.cwiseAbs().maxCoeff(), 0.06F) << "layer " << layer;
    EXPECT_LT(difference.cwiseAbs().mean(), 1e-3F) << "layer " << layer;
  }
}

TEST(Features, DoNotChangeWithTheScaleOfANormAgainstItsGain) {
  // g o w is what acts: halving w and doubling G and U leaves the model as it is.
  RandomWeights weights(24, 40, 4);
  const auto before = features_of(weights);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    weights.mutable_layer(layer).ffn_norm.gain *= 0.5F;
    weights.mutable_layer(layer).gate.weight *= 2.0F;
    weights.mutable_layer(layer).up.weight *= 2.0F;
  }
  const auto after = features_of(weights);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    EXPECT_LT((after[layer] - before[layer]).cwiseAbs().mean(), 1e-4F) << "layer " << layer;
  }
}

TEST(Features, DamagedWeightsAreNamed) {
  RandomWeights weights(24, 40, 5);
  weights.mutable_layer(1).up.weight(7, 3) = std::numeric_limits<float>::infinity();
  testing::expect_error(ErrorKind::kNumerical, {"layer", "neuron"}, [&] { (void)features_of(weights); });
}

}  // namespace
}  // namespace prunenet
