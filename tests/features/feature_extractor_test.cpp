#include "prunenet/features/feature_extractor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "features/random_weights.h"

namespace prunenet {
namespace {

using testing::features_of;
using testing::RandomWeights;

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

/// Hands a model's weights on, and counts what is asked for.
class CountedWeights final : public WeightSource {
 public:
  explicit CountedWeights(const WeightSource& weights) : weights_(weights) {}
  [[nodiscard]] const ModelConfig& config() const override { return weights_.config(); }
  [[nodiscard]] AttentionWeights attention(std::int64_t layer) const override { return weights_.attention(layer); }
  [[nodiscard]] FfnBlockWeights ffn(std::int64_t layer) const override {
    FfnBlockWeights weights = weights_.ffn(layer);
    weights.neurons = [this, read = std::move(weights.neurons)](std::int64_t first, std::int64_t count) {
      neurons_ += count;
      most_ = std::max(most_, count);
      return read(first, count);
    };
    return weights;
  }
  void visit_embedding(const RowVisitor& visit) const override {
    ++embeddings_;
    weights_.visit_embedding(visit);
  }
  [[nodiscard]] int embeddings() const { return embeddings_; }
  [[nodiscard]] std::int64_t neurons() const { return neurons_; }
  [[nodiscard]] std::int64_t most() const { return most_; }

 private:
  const WeightSource& weights_;
  mutable int embeddings_ = 0;
  mutable std::int64_t neurons_ = 0;
  mutable std::int64_t most_ = 0;  ///< neurons at a time
};

TEST(Features, ReadTheEmbeddingOnceAndEachNeuronOnceSomeAtATime) {
  const RandomWeights weights(24, 1000, 2);
  const CountedWeights counted(weights);
  (void)features_of(counted);
  EXPECT_EQ(counted.embeddings(), 1);
  EXPECT_EQ(counted.neurons(), 3 * 1000);
  EXPECT_LT(counted.most(), 300);
}

TEST(Features, FollowTheirNeuronWhenNeuronsChangePlaces) {
  RandomWeights weights(24, 40, 3);
  const auto before = features_of(weights);
  weights.reverse_neurons();
  const auto after = features_of(weights);
  for (std::size_t layer = 0; layer < before.size(); ++layer) {
    const MatrixF difference = after[layer].colwise().reverse() - before[layer];
    for (Eigen::Index j = 0; j < difference.cols(); ++j) {
      const std::string& name = feature_names()[static_cast<std::size_t>(j)];
      // Sums over neurons round differently, in double: what comes out is the same but for the last digit of a float.
      // Of equal values, such as shares of states, the ranks go by index.
      const bool ranks = name.starts_with("rank(");
      EXPECT_LT(difference.col(j).cwiseAbs().maxCoeff(), ranks ? 0.06F : 1e-6F) << name << ", layer " << layer;
    }
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

}  // namespace
}  // namespace prunenet
