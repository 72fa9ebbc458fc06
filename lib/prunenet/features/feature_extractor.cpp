#include "prunenet/features/feature_extractor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/rng.h"
#include "prunenet/features/attention_map.h"
#include "prunenet/features/eigen_basis.h"
#include "prunenet/features/feature_table.h"
#include "prunenet/features/input_covariance.h"
#include "prunenet/features/mean_field.h"
#include "prunenet/features/neuron_block.h"
#include "prunenet/features/shape_features.h"

namespace prunenet {

namespace {

constexpr std::int64_t kEmbeddingDirections = 64;
constexpr std::int64_t kStreamDirections = 8;
constexpr int kDepthHarmonics = 4;
constexpr std::int64_t kNeuronsAtATime = 128;
constexpr float kLargestWeight = 1e8F;  // products of several stay far from overflow

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

/// Relative depth t in [0, 1], with harmonics so that a small network can single out a layer.
void add_depth(std::int64_t layer, std::int64_t layers, FeatureTable& table) {
  const double t = layers > 1 ? static_cast<double>(layer) / static_cast<double>(layers - 1) : 0.0;
  table.add_constant("depth", 2.0 * t - 1.0);
  table.add_constant("depth.first", layer == 0 ? 1.0 : 0.0);
  table.add_constant("depth.last_two", layer >= layers - 2 ? 1.0 : 0.0);
  for (int k = 1; k <= kDepthHarmonics; ++k) {
    table.add_constant(fmt::format("depth.sin{}", k), std::sin(std::numbers::pi * k * t));
    table.add_constant(fmt::format("depth.cos{}", k), std::cos(std::numbers::pi * k * t));
  }
}

/// Names the first weight that features cannot be computed of: NaN, infinite, or larger than kLargestWeight.
/// `first_row` and `first_column`: of the values, in the matrix that they are part of.
template <typename Derived>
void require_moderate(const Eigen::MatrixBase<Derived>& values, const std::string& name, std::int64_t first_row = 0,
                      std::int64_t first_column = 0) {
  for (Eigen::Index row = 0; row < values.rows(); ++row) {
    for (Eigen::Index column = 0; column < values.cols(); ++column) {
      if (std::abs(values(row, column)) <= kLargestWeight) continue;
      throw Error(ErrorKind::kNumerical,
                  fmt::format("{}: the weight at [{}, {}] is {}; features are computed of finite ones up to {:g}", name,
                              first_row + row, first_column + column, values(row, column), kLargestWeight));
    }
  }
}

/// Weights that features can be computed of; every member, and reading neurons, throws Error(kNumerical) at others.
class ModerateWeights final : public WeightSource {
 public:
  explicit ModerateWeights(const WeightSource& source) : source_(source) {}

  [[nodiscard]] const ModelConfig& config() const override { return source_.config(); }
  [[nodiscard]] AttentionWeights attention(std::int64_t layer) const override {
    AttentionWeights weights = source_.attention(layer);
    check_norm(weights.norm, layer, "attention norm");
    check_norm(weights.post_norm, layer, "attention post-norm");
    check_map(weights.v, layer, "value");
    check_map(weights.o, layer, "output");
    return weights;
  }
  [[nodiscard]] FfnBlockWeights ffn(std::int64_t layer) const override {
    FfnBlockWeights weights = source_.ffn(layer);
    check_norm(weights.norm, layer, "FFN norm");
    check_norm(weights.post_norm, layer, "FFN post-norm");
    require_moderate(weights.down_bias, fmt::format("layer {}, bias of the down projection", layer));
    weights.neurons = [read = std::move(weights.neurons), layer](std::int64_t first, std::int64_t count) {
      NeuronWeights neurons = read(first, count);
      check_map(neurons.gate, layer, "gate", first);
      check_map(neurons.up, layer, "up", first);
      require_moderate(neurons.down, fmt::format("layer {}, down projection", layer), 0, first);
      return neurons;
    };
    return weights;
  }
  void visit_embedding(const RowVisitor& visit) const override {
    source_.visit_embedding([&visit](std::int64_t first, const MatrixF& rows) {
      require_moderate(rows, "embedding", first);
      visit(first, rows);
    });
  }

 private:
  static void check_norm(const NormWeights& norm, std::int64_t layer, const char* name) {
    require_moderate(norm.gain, fmt::format("layer {}, {} gain", layer, name));
    require_moderate(norm.bias, fmt::format("layer {}, {} bias", layer, name));
  }
  /// `first`: of its outputs.
  static void check_map(const LinearWeights& map, std::int64_t layer, const char* name, std::int64_t first = 0) {
    require_moderate(map.weight, fmt::format("layer {}, {} projection", layer, name), first);
    require_moderate(map.bias, fmt::format("layer {}, bias of the {} projection", layer, name), first);
  }

  const WeightSource& source_;
};

/// What goes along from layer to layer.
class Extractor {
 public:
  explicit Extractor(const WeightSource& weights)
      : weights_(weights), covariance_(weights.config()), field_(weights.config()) {
    weights.visit_embedding([this](std::int64_t first, const MatrixF& words) {
      covariance_.add_embedding(words);
      field_.add_embedding(first, words);
    });
    covariance_.finish_embedding();
    field_.finish_embedding();
    embedding_axes_ = leading_eigenvectors(covariance_.embedding(), kEmbeddingDirections, covariance_.mean());
  }

  /// Layers in order.
  FeatureTable pass(std::int64_t layer) {
    const ModelConfig& config = weights_.config();
    if (!config.parallel_blocks) attend(layer);
    const FfnBlockWeights ffn = weights_.ffn(layer);
    const MatrixD stream_axes = leading_eigenvectors(covariance_.current(), kStreamDirections, covariance_.mean());
    FeatureTable table;
    field_.begin_ffn(ffn);
    for (std::int64_t first = 0; first < config.intermediate_size; first += kNeuronsAtATime) {
      const std::int64_t count = std::min(kNeuronsAtATime, config.intermediate_size - first);
      const NeuronBlock block = make_neuron_block(ffn.neurons(first, count), ffn, config);
      table.begin_block();
      add_shape_features(block, table);
      covariance_.add_features(ffn, block, table);
      field_.add_features(block, table);
      add_projections("embedding_axis", block, embedding_axes_, table);
      add_projections("stream_axis", block, stream_axes, table);
    }
    add_depth(layer, config.num_hidden_layers, table);
    if (config.parallel_blocks) attend(layer);
    covariance_.finish_ffn();
    field_.finish_ffn(ffn);
    return table;
  }

 private:
  void attend(std::int64_t layer) {
    AttentionMap attention = make_attention_map(weights_.attention(layer), weights_.config());
    field_.apply_attention(attention);
    covariance_.add_attention_write(std::move(attention));
  }

  const WeightSource& weights_;
  InputCovariance covariance_;
  MeanField field_;
  MatrixD embedding_axes_;
};

/// The smallest model there can be, with arbitrary weights: it shows which features there are.
class ToyWeights final : public WeightSource {
 public:
  ToyWeights() {
    config_.hidden_size = 4;
    config_.intermediate_size = 4;
    config_.vocab_size = 4;
    config_.num_hidden_layers = 1;
    config_.num_attention_heads = 1;
    config_.num_key_value_heads = 1;
    config_.head_dim = 4;
  }
  [[nodiscard]] const ModelConfig& config() const override { return config_; }
  [[nodiscard]] AttentionWeights attention(std::int64_t /*layer*/) const override {
    return {.norm = ones(), .v = map(3), .o = map(4), .post_norm = {}};
  }
  [[nodiscard]] FfnBlockWeights ffn(std::int64_t /*layer*/) const override {
    const auto neurons = [](std::int64_t first, std::int64_t count) -> NeuronWeights {
      return {.gate = {square(5).middleRows(first, count), {}},
              .up = {square(6).middleRows(first, count), {}},
              .down = square(7).middleCols(first, count)};
    };
    return {.norm = ones(), .neurons = neurons, .down_bias = {}, .post_norm = {}};
  }
  void visit_embedding(const RowVisitor& visit) const override { visit(0, square(8)); }

 private:
  static NormWeights ones() { return {VectorF::Ones(4), {}}; }
  static LinearWeights map(std::uint64_t seed) { return {square(seed), {}}; }
  static MatrixF square(std::uint64_t seed) {
    Rng rng(seed);
    return MatrixF::NullaryExpr(4, 4, [&rng] { return static_cast<float>(rng.normal()); });
  }
  ModelConfig config_;
};

}  // namespace

const std::vector<std::string>& feature_names() {
  static const std::vector<std::string> names = [] {
    const ToyWeights toy;
    return Extractor(toy).pass(0).names();
  }();
  return names;
}

void extract_features(const WeightSource& source, const FeatureConsumer& consumer, Progress& progress) {
  require_one_width(source.config());
  const ModerateWeights weights(source);
  const std::int64_t layers = weights.config().num_hidden_layers;
  progress.begin("computing features", "layers", static_cast<std::uint64_t>(layers));
  Extractor extractor(weights);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const FeatureTable table = located(fmt::format("layer {}", layer), [&] { return extractor.pass(layer); });
    consumer(layer, table.assemble(layer));
    progress.advance(1);
  }
}

}  // namespace prunenet
