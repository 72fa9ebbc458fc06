#include "prunenet/features/feature_extractor.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <optional>

#include "prunenet/core/error.h"
#include "prunenet/core/rng.h"
#include "prunenet/features/coupling_features.h"
#include "prunenet/features/eigen_basis.h"
#include "prunenet/features/feature_table.h"
#include "prunenet/features/input_covariance.h"
#include "prunenet/features/layer_maps.h"
#include "prunenet/features/mean_field.h"
#include "prunenet/features/read_out.h"
#include "prunenet/features/shape_features.h"

namespace prunenet {

namespace {

constexpr std::int64_t kEmbeddingDirections = 64;
constexpr std::int64_t kStreamDirections = 8;
constexpr int kDepthHarmonics = 4;
constexpr float kLargestWeight = 1e8F;  // products of several stay far from overflow

/// Cosine-like coordinates of the three vectors of a neuron along the columns of `basis` (d x count).
void add_projections(const std::string& name, const LayerView& view, const MatrixD& basis, FeatureTable& table) {
  const auto add = [&](const char* part, const MatrixD& rows, const VectorD& norms) {
    const MatrixD coordinates = norms.array().max(1e-12).inverse().matrix().asDiagonal() * (rows * basis);
    for (Eigen::Index j = 0; j < coordinates.cols(); ++j) {
      table.add(fmt::format("{}.{}.{}", name, part, j), coordinates.col(j), /*ranked=*/false);
    }
  };
  add("gate", view.gate, view.gate_norm);
  add("up", view.up, view.up_norm);
  add("down", view.down, view.down_norm);
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
template <typename Derived>
void require_moderate(const Eigen::MatrixBase<Derived>& values, const std::string& name) {
  for (Eigen::Index row = 0; row < values.rows(); ++row) {
    for (Eigen::Index column = 0; column < values.cols(); ++column) {
      if (std::abs(values(row, column)) <= kLargestWeight) continue;
      throw Error(ErrorKind::kNumerical,
                  fmt::format("{}: the weight at [{}, {}] of {} x {} is {}; features are "
                              "computed of finite ones up to {:g}",
                              name, row, column, values.rows(), values.cols(), values(row, column), kLargestWeight));
    }
  }
}

/// Weights that features can be computed of; every member throws Error(kNumerical) at others.
class ModerateWeights final : public WeightSource {
 public:
  explicit ModerateWeights(const WeightSource& source) : source_(source) {}

  [[nodiscard]] const ModelConfig& config() const override { return source_.config(); }
  [[nodiscard]] LayerWeights layer(std::int64_t layer) const override {
    LayerWeights weights = source_.layer(layer);
    const auto check_norm = [layer](const NormWeights& norm, const char* name) {
      require_moderate(norm.gain, fmt::format("layer {}, {} gain", layer, name));
      require_moderate(norm.bias, fmt::format("layer {}, {} bias", layer, name));
    };
    const auto check_map = [layer](const LinearWeights& map, const char* name) {
      require_moderate(map.weight, fmt::format("layer {}, {} projection", layer, name));
      require_moderate(map.bias, fmt::format("layer {}, bias of the {} projection", layer, name));
    };
    check_norm(weights.attention_norm, "attention norm");
    check_norm(weights.attention_post_norm, "attention post-norm");
    check_norm(weights.ffn_norm, "FFN norm");
    check_norm(weights.ffn_post_norm, "FFN post-norm");
    check_map(weights.q, "query");
    check_map(weights.k, "key");
    check_map(weights.v, "value");
    check_map(weights.o, "output");
    check_map(weights.gate, "gate");
    check_map(weights.up, "up");
    check_map(weights.down, "down");
    return weights;
  }
  [[nodiscard]] MatrixF embedding() const override { return checked(source_.embedding(), "embedding"); }
  [[nodiscard]] MatrixF output_projection() const override {
    return checked(source_.output_projection(), "output projection");
  }
  [[nodiscard]] NormWeights final_norm() const override {
    NormWeights norm = source_.final_norm();
    require_moderate(norm.gain, "final norm gain");
    require_moderate(norm.bias, "final norm bias");
    return norm;
  }

 private:
  static MatrixF checked(MatrixF matrix, const char* name) {
    require_moderate(matrix, name);
    return matrix;
  }
  const WeightSource& source_;
};

/// What goes along from layer to layer.
class Extractor {
 public:
  Extractor(const WeightSource& weights, Progress& progress) : Extractor(weights, weights.embedding(), progress) {}

  /// Layers in order. `next` is null at the last.
  FeatureTable pass(std::int64_t layer, const LayerMaps& current, const LayerMaps* next) {
    const LayerView view = make_layer_view(current, config_);
    FeatureTable table;
    const auto attend = [&] {
      covariance_.add_attention_write(current);
      field_.apply_attention(current);
    };
    if (!config_.parallel_blocks) attend();
    add_shape_features(view, table);
    covariance_.add_features(current, view, table);
    field_.add_features(current, view, table);
    read_out_.add_features(current, next, view, covariance_, field_.log_energy(), table);
    add_coupling_features("field", view, field_.second_moment(), table);
    add_coupling_features("stream", view, covariance_.second_moment(view), table);
    add_projections("embedding_axis", view, embedding_axes_, table);
    add_projections("stream_axis", view,
                    leading_eigenvectors(covariance_.current(), kStreamDirections, covariance_.mean()), table);
    add_depth(layer, config_.num_hidden_layers, table);
    if (config_.parallel_blocks) attend();
    covariance_.add_ffn_write(view);
    field_.apply_ffn(current);
    return table;
  }

 private:
  Extractor(const WeightSource& weights, const MatrixF& embedding, Progress& progress)
      : config_(weights.config()),
        covariance_(embedding, weights.config()),
        field_(embedding, weights.config()),
        read_out_(weights, progress),
        embedding_axes_(leading_eigenvectors(covariance_.embedding(), kEmbeddingDirections, covariance_.mean())) {}

  ModelConfig config_;
  InputCovariance covariance_;
  MeanField field_;
  ReadOut read_out_;
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
  [[nodiscard]] LayerWeights layer(std::int64_t /*layer*/) const override {
    const NormWeights ones{VectorF::Ones(4), {}};
    const auto map = [](std::uint64_t seed) { return LinearWeights{square(seed), {}}; };
    return {.attention_norm = ones,
            .q = map(1),
            .k = map(2),
            .v = map(3),
            .o = map(4),
            .attention_post_norm = {},
            .ffn_norm = ones,
            .gate = map(5),
            .up = map(6),
            .down = map(7),
            .ffn_post_norm = {}};
  }
  [[nodiscard]] MatrixF embedding() const override { return square(8); }
  [[nodiscard]] MatrixF output_projection() const override { return square(8); }
  [[nodiscard]] NormWeights final_norm() const override { return {VectorF::Ones(4), {}}; }

 private:
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
    SilentProgress silent;
    return Extractor(toy, silent).pass(0, to_double(toy.layer(0)), nullptr).names();
  }();
  return names;
}

void extract_features(const WeightSource& source, const FeatureConsumer& consumer, Progress& progress) {
  const ModerateWeights weights(source);
  const std::int64_t layers = weights.config().num_hidden_layers;
  progress.begin("computing features", "layers", static_cast<std::uint64_t>(2 * layers));
  Extractor extractor(weights, progress);
  LayerMaps current = to_double(weights.layer(0));
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    std::optional<LayerMaps> next;
    if (layer + 1 < layers) next = to_double(weights.layer(layer + 1));
    const FeatureTable table = located(fmt::format("layer {}", layer),
                                       [&] { return extractor.pass(layer, current, next ? &*next : nullptr); });
    consumer(layer, table.assemble(layer));
    progress.advance(1);
    if (next) current = std::move(*next);
  }
}

}  // namespace prunenet
