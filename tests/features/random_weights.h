#pragma once

#include <cstdint>
#include <vector>

#include "prunenet/core/rng.h"
#include "prunenet/features/feature_extractor.h"

namespace prunenet::testing {

inline MatrixF random_matrix(Eigen::Index rows, Eigen::Index columns, Rng& rng) {
  return MatrixF::NullaryExpr(rows, columns, [&rng] { return static_cast<float>(rng.normal()) * 0.2F; });
}

/// One layer, to be changed.
struct LayerWeights {
  NormWeights attention_norm;
  LinearWeights v;
  LinearWeights o;
  NormWeights ffn_norm;
  LinearWeights gate;
  LinearWeights up;
  LinearWeights down;
};

/// A small random model of three layers, to be changed.
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
  [[nodiscard]] AttentionWeights attention(std::int64_t layer) const override {
    const LayerWeights& weights = layers_.at(std::size_t(layer));
    return {.norm = weights.attention_norm, .v = weights.v, .o = weights.o, .post_norm = {}};
  }
  [[nodiscard]] FfnBlockWeights ffn(std::int64_t layer) const override {
    const LayerWeights& weights = layers_.at(std::size_t(layer));
    const auto neurons = [&weights](std::int64_t first, std::int64_t count) -> NeuronWeights {
      return {.gate = {weights.gate.weight.middleRows(first, count), {}},
              .up = {weights.up.weight.middleRows(first, count), {}},
              .down = weights.down.weight.middleCols(first, count)};
    };
    return {.norm = weights.ffn_norm, .neurons = neurons, .down_bias = {}, .post_norm = {}};
  }
  void visit_embedding(const RowVisitor& visit) const override {  // in two parts
    visit(0, embedding_.topRows(100));
    visit(100, embedding_.bottomRows(embedding_.rows() - 100));
  }

  void reverse_neurons() {
    for (LayerWeights& layer : layers_) {
      layer.gate.weight = layer.gate.weight.colwise().reverse().eval();
      layer.up.weight = layer.up.weight.colwise().reverse().eval();
      layer.down.weight = layer.down.weight.rowwise().reverse().eval();
    }
  }
  LayerWeights& mutable_layer(std::size_t layer) { return layers_.at(layer); }
  MatrixF& mutable_embedding() { return embedding_; }
  ModelConfig& mutable_config() { return config_; }

 private:
  ModelConfig config_;
  MatrixF embedding_;
  std::vector<LayerWeights> layers_;
};

inline std::vector<MatrixF> features_of(const WeightSource& weights) {
  std::vector<MatrixF> all;
  SilentProgress progress;
  extract_features(
      weights, [&all](std::int64_t, const MatrixF& features) { all.push_back(features); }, progress);
  return all;
}

}  // namespace prunenet::testing
