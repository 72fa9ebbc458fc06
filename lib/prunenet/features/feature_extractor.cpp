#include "prunenet/features/feature_extractor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/rng.h"

namespace prunenet {

namespace {

constexpr std::int64_t kNeuronsAtATime = 128;
constexpr float kLargestWeight = 1e8F;  // products of several stay far from overflow

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

/// The groups on their way through a model.
class Extractor {
 public:
  Extractor(const FeatureRegistry& features, const WeightSource& weights) : weights_(weights) {
    for (const std::string& name : features.names()) groups_.push_back(features.make(name, weights.config()));
    weights.visit_embedding([this](std::int64_t first, const MatrixF& words) {
      for (const auto& group : groups_) group->add_embedding(first, words);
    });
    for (const auto& group : groups_) group->finish_embedding();
  }

  /// Layers in order.
  FeatureTable pass(std::int64_t layer) {
    const ModelConfig& config = weights_.config();
    if (!config.parallel_blocks) attend(layer);
    const FfnBlockWeights ffn = weights_.ffn(layer);
    const FfnLayer here{layer, ffn};
    FeatureTable table;
    for (const auto& group : groups_) group->begin_ffn(here, table);
    for (std::int64_t first = 0; first < config.intermediate_size; first += kNeuronsAtATime) {
      const std::int64_t count = std::min(kNeuronsAtATime, config.intermediate_size - first);
      const NeuronBlock block = make_neuron_block(ffn.neurons(first, count), ffn, config);
      table.begin_block(count);
      for (const auto& group : groups_) group->add_features(here, block, table);
    }
    if (config.parallel_blocks) attend(layer);
    for (const auto& group : groups_) group->finish_ffn(here);
    return table;
  }

 private:
  void attend(std::int64_t layer) {
    const AttentionMap attention = make_attention_map(weights_.attention(layer), weights_.config());
    for (const auto& group : groups_) group->pass_attention(attention);
  }

  const WeightSource& weights_;
  std::vector<std::unique_ptr<FeatureGroup>> groups_;
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

/// Throws where a layer has other columns than the first model that they were computed of.
void require_same_columns(const std::vector<std::string>& names, const std::vector<std::string>& expected) {
  if (names == expected) return;
  const auto [here, there] = std::ranges::mismatch(names, expected);
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("{} features, where {} are expected; the first that differs is '{}', and not '{}': feature "
                          "groups give every layer of every model the same columns",
                          names.size(), expected.size(), here == names.end() ? "" : *here,
                          there == expected.end() ? "" : *there));
}

}  // namespace

std::vector<std::string> feature_names(const FeatureRegistry& features) {
  const ToyWeights toy;
  std::vector<std::string> names = Extractor(features, toy).pass(0).names();
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (seen.insert(name).second) continue;
    throw Error(ErrorKind::kInvalidArgument, fmt::format("feature '{}' is there twice; name one of them anew", name));
  }
  return names;
}

const std::vector<std::string>& feature_names() {
  static const std::vector<std::string> names = feature_names(built_in_features());
  return names;
}

void extract_features(const WeightSource& source, const FeatureConsumer& consumer, Progress& progress,
                      const FeatureRegistry& features) {
  require_one_width(source.config());
  const std::vector<std::string> names = feature_names(features);
  const ModerateWeights weights(source);
  const std::int64_t layers = weights.config().num_hidden_layers;
  progress.begin("computing features", "layers", static_cast<std::uint64_t>(layers));
  Extractor extractor(features, weights);
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const FeatureTable table = located(fmt::format("layer {}", layer), [&] {
      FeatureTable columns = extractor.pass(layer);
      require_same_columns(columns.names(), names);
      return columns;
    });
    consumer(layer, table.assemble(layer));
    progress.advance(1);
  }
}

}  // namespace prunenet
