#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <numbers>
#include <string>

#include "prunenet/features/eigen_basis.h"
#include "prunenet/features/feature_group.h"
#include "prunenet/features/input_covariance.h"
#include "prunenet/features/mean_field.h"
#include "prunenet/features/shape_features.h"

namespace prunenet {

namespace {

constexpr std::int64_t kEmbeddingDirections = 64;
constexpr std::int64_t kStreamDirections = 8;
constexpr int kDepthHarmonics = 4;

class ShapeGroup final : public FeatureGroup {
 public:
  void add_features(const FfnLayer& /*layer*/, const NeuronBlock& block, FeatureTable& table) override {
    add_shape_features(block, table);
  }
};

/// Cosine-like coordinates of the three vectors of a neuron along the columns of `basis` (d x count).
void add_projections(const std::string& name, const NeuronBlock& block, const MatrixD& basis, FeatureTable& table) {
  const auto add = [&](const char* part, const MatrixD& rows, const VectorD& norms) {
    const MatrixD coordinates = norms.array().max(1e-12).inverse().matrix().asDiagonal() * (rows * basis);
    for (Eigen::Index j = 0; j < coordinates.cols(); ++j) {
      table.add(fmt::format("{}.{}.{}", name, part, j), coordinates.col(j), /*ranked=*/false);
    }
  };
  add("gate", block.gate, block.gate_norm);
  add("up", block.up, block.up_norm);
  add("down", block.down, block.down_norm);
}

/// What follows the stream through the layers: its covariance, a population of states, and the axes of the former.
class StreamGroup final : public FeatureGroup {
 public:
  explicit StreamGroup(const ModelConfig& config) : covariance_(config), field_(config) {}

  void add_embedding(std::int64_t first, const MatrixF& words) override {
    covariance_.add_embedding(words);
    field_.add_embedding(first, words);
  }
  void finish_embedding() override {
    covariance_.finish_embedding();
    field_.finish_embedding();
    embedding_axes_ = leading_eigenvectors(covariance_.embedding(), kEmbeddingDirections, covariance_.mean());
  }
  void pass_attention(const AttentionMap& attention) override {
    field_.apply_attention(attention);
    covariance_.pass_attention(attention);
  }
  void begin_ffn(const FfnLayer& layer, FeatureTable& /*table*/) override {
    covariance_.add_attention_write();
    stream_axes_ = leading_eigenvectors(covariance_.current(), kStreamDirections, covariance_.mean());
    field_.begin_ffn(layer.weights);
  }
  void add_features(const FfnLayer& layer, const NeuronBlock& block, FeatureTable& table) override {
    covariance_.add_features(layer.weights, block, table);
    field_.add_features(block, table);
    add_projections("embedding_axis", block, embedding_axes_, table);
    add_projections("stream_axis", block, stream_axes_, table);
  }
  void finish_ffn(const FfnLayer& layer) override {
    covariance_.add_attention_write();
    covariance_.finish_ffn();
    field_.finish_ffn(layer.weights);
  }

 private:
  InputCovariance covariance_;
  MeanField field_;
  MatrixD embedding_axes_;
  MatrixD stream_axes_;
};

/// Relative depth t in [0, 1], with harmonics so that a small network can single out a layer.
class DepthGroup final : public FeatureGroup {
 public:
  explicit DepthGroup(const ModelConfig& config) : layers_(config.num_hidden_layers) {}

  void begin_ffn(const FfnLayer& layer, FeatureTable& table) override {
    const double t = layers_ > 1 ? static_cast<double>(layer.index) / static_cast<double>(layers_ - 1) : 0.0;
    table.add_constant("depth", 2.0 * t - 1.0);
    table.add_constant("depth.first", layer.index == 0 ? 1.0 : 0.0);
    table.add_constant("depth.last_two", layer.index >= layers_ - 2 ? 1.0 : 0.0);
    for (int k = 1; k <= kDepthHarmonics; ++k) {
      table.add_constant(fmt::format("depth.sin{}", k), std::sin(std::numbers::pi * k * t));
      table.add_constant(fmt::format("depth.cos{}", k), std::cos(std::numbers::pi * k * t));
    }
  }
  void add_features(const FfnLayer& /*layer*/, const NeuronBlock& /*block*/, FeatureTable& /*table*/) override {}

 private:
  std::int64_t layers_;
};

}  // namespace

FeatureRegistry built_in_features() {
  FeatureRegistry features("feature group");
  features.add("shape", [](const ModelConfig& /*config*/) { return std::make_unique<ShapeGroup>(); })
      .add("stream", [](const ModelConfig& config) { return std::make_unique<StreamGroup>(config); })
      .add("depth", [](const ModelConfig& config) { return std::make_unique<DepthGroup>(config); });
  return features;
}

}  // namespace prunenet
