// Features that a program adds.
#include "prunenet/features/feature_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "features/random_weights.h"
#include "prunenet/features/standardize.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::features_of;
using testing::RandomWeights;

constexpr std::int64_t kNeurons = 200;  // two blocks

/// Columns that a function adds to the table.
class Columns final : public FeatureGroup {
 public:
  using Add = std::function<void(const FfnLayer&, const NeuronBlock&, FeatureTable&)>;
  explicit Columns(Add add) : add_(std::move(add)) {}
  void add_features(const FfnLayer& layer, const NeuronBlock& block, FeatureTable& table) override {
    add_(layer, block, table);
  }

 private:
  Add add_;
};

FeatureRegistry with(const Columns::Add& add) {
  FeatureRegistry features = built_in_features();
  features.add("ours", [add](const ModelConfig&) { return std::make_unique<Columns>(add); });
  return features;
}

FeatureRegistry with_first_entry() {
  return with([](const FfnLayer&, const NeuronBlock& block, FeatureTable& table) {
    table.add("first_entry", block.up_map.weight.col(0));
  });
}

std::vector<MatrixF> features_of(const WeightSource& weights, const FeatureRegistry& registered) {
  std::vector<MatrixF> all;
  SilentProgress silent;
  extract_features(
      weights, [&all](std::int64_t, const MatrixF& values) { all.push_back(values); }, silent, registered);
  return all;
}

Eigen::Index column_of(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::ranges::find(names, name);
  EXPECT_NE(found, names.end()) << name;
  return found - names.begin();
}

TEST(FeatureGroup, AddsItsColumnsAndLeavesTheOthersAsTheyAre) {
  RandomWeights weights(16, kNeurons, 3);
  const auto names = feature_names(with_first_entry());
  const auto with_ours = features_of(weights, with_first_entry());
  const auto without = features_of(weights);
  EXPECT_EQ(names.size(), feature_names().size() + 2);
  ASSERT_EQ(with_ours.size(), without.size());
  for (std::size_t layer = 0; layer < without.size(); ++layer) {
    for (std::size_t j = 0; j < feature_names().size(); ++j) {
      EXPECT_EQ(with_ours[layer].col(column_of(names, feature_names()[j])),
                without[layer].col(static_cast<Eigen::Index>(j)))
          << feature_names()[j];
    }
    const MatrixD raw = weights.mutable_layer(layer).up.weight.col(0).cast<double>();
    EXPECT_EQ(with_ours[layer].col(column_of(names, "z(first_entry)")), z_scores(raw).cast<float>());
    EXPECT_EQ(with_ours[layer].col(column_of(names, "rank(first_entry)")), rank_scores(raw).cast<float>());
  }
}

/// Counts what it is shown.
class Visitor final : public FeatureGroup {
 public:
  explicit Visitor(std::vector<std::string>& seen) : seen_(seen) {}
  void add_embedding(std::int64_t first, const MatrixF&) override { seen_.push_back("words " + std::to_string(first)); }
  void finish_embedding() override { seen_.emplace_back("end of words"); }
  void pass_attention(const AttentionMap&) override { seen_.emplace_back("attention"); }
  void begin_ffn(const FfnLayer& layer, FeatureTable& table) override {
    seen_.push_back("layer " + std::to_string(layer.index));
    table.add_constant("ours.layer", static_cast<double>(layer.index));
  }
  void add_features(const FfnLayer&, const NeuronBlock& block, FeatureTable& table) override {
    seen_.push_back(std::to_string(block.up.rows()) + " neurons");
    table.add("ours.norm", block.up_norm);
  }
  void finish_ffn(const FfnLayer&) override { seen_.emplace_back("end of layer"); }

 private:
  std::vector<std::string>& seen_;
};

TEST(FeatureGroup, MeetsTheWeightsInTheOrderOfTheForwardPass) {
  std::vector<std::string> seen;
  FeatureRegistry features("feature group");  // of this group alone
  features.add("visitor", [&seen](const ModelConfig&) { return std::make_unique<Visitor>(seen); });
  EXPECT_EQ(feature_names(features), (std::vector<std::string>{"z(ours.norm)", "rank(ours.norm)", "ours.layer"}));

  RandomWeights weights(16, kNeurons, 4);
  weights.mutable_config().num_hidden_layers = 1;
  for (const bool parallel : {false, true}) {
    weights.mutable_config().parallel_blocks = parallel;
    (void)features_of(weights, features);  // asks for the names once more, of a model with 4 words
    const auto start = std::find(seen.rbegin(), seen.rend(), "words 0").base() - 1;
    std::vector<std::string> expected = {"words 0", "words 100", "end of words"};
    if (!parallel) expected.emplace_back("attention");
    expected.insert(expected.end(), {"layer 0", "128 neurons", "72 neurons"});
    if (parallel) expected.emplace_back("attention");
    expected.emplace_back("end of layer");
    EXPECT_EQ(std::vector<std::string>(start, seen.end()), expected) << (parallel ? "parallel" : "sequential");
  }
}

TEST(FeatureGroup, ErrorsNameLayerAndColumn) {
  const RandomWeights weights(16, kNeurons, 5);
  const auto refused = [&weights](ErrorKind kind, std::initializer_list<std::string> parts, const Columns::Add& add) {
    expect_error(kind, parts, [&] { (void)features_of(weights, with(add)); });
  };
  refused(ErrorKind::kInvalidArgument, {"'short'", "3 values for 4 neurons"},
          [](const FfnLayer&, const NeuronBlock& block, FeatureTable& table) {
            table.add("short", block.up_norm.tail(block.up_norm.size() - 1));
          });
  refused(ErrorKind::kInvalidArgument, {"layer 0", "'b'", "'a'", "same columns"},
          [](const FfnLayer&, const NeuronBlock& block, FeatureTable& table) {
            table.add(block.up.rows() == 72 ? "b" : "a", block.up_norm);
          });
  refused(ErrorKind::kInvalidArgument, {"layer 1", "'z(b)'", "'z(a)'"},
          [](const FfnLayer& layer, const NeuronBlock& block, FeatureTable& table) {
            table.add(layer.index == 1 ? "b" : "a", block.up_norm);
          });
  refused(ErrorKind::kInvalidArgument, {"layer 0", "'a'", "128 values for 200 neurons"},
          [](const FfnLayer&, const NeuronBlock& block, FeatureTable& table) {
            if (block.up.rows() != 72) table.add("a", block.up_norm);
          });
  refused(ErrorKind::kNumerical, {"layer 2", "'a'", "neuron 199"},
          [](const FfnLayer& layer, const NeuronBlock& block, FeatureTable& table) {
            VectorD values = block.up_norm;
            if (layer.index == 2 && values.size() == 72) values(71) = std::numeric_limits<double>::infinity();
            table.add("a", values);
          });
  refused(
      ErrorKind::kInvalidArgument, {"'z(log_norm.up)'", "twice"},
      [](const FfnLayer&, const NeuronBlock& block, FeatureTable& table) { table.add("log_norm.up", block.up_norm); });
}

TEST(FeatureGroup, ThatIsNotMadeOrAddsNothingIsRefused) {
  const RandomWeights weights(16, 20, 6);
  FeatureRegistry features("feature group");
  features.add("ours", [](const ModelConfig&) { return std::unique_ptr<FeatureGroup>(); });
  expect_error(ErrorKind::kInvalidArgument, {"'ours'", "not made"}, [&] { (void)feature_names(features); });
  const FeatureRegistry nothing("feature group");
  expect_error(ErrorKind::kInvalidArgument, {"no feature"}, [&] { (void)features_of(weights, nothing); });
}

}  // namespace
}  // namespace prunenet
