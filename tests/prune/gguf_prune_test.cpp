// Pruned GGUF files, on the small trained model of the quality tests: 64 or more rows and columns, so that every type
// of tensor has whole blocks.
#include "prunenet/prune/gguf_prune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "prunenet/checkpoint/gguf_writer.h"
#include "prunenet/checkpoint/quantize.h"
#include "prunenet/core/file.h"
#include "prunenet/family/gguf_export.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/prune/down_replacements.h"
#include "support/expect_error.h"
#include "support/recording_progress.h"
#include "support/temporary_directory.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kNeurons = 224;
constexpr std::int64_t kWidth = 160;

/// 160 neurons stay, others in every layer.
Plan some_of_them(std::size_t layers) {
  Plan plan;
  plan.source = "test";
  plan.intermediate_size = kNeurons;
  plan.requested_ratio = 0.3;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    std::vector<std::int64_t>& keep = plan.keep_indices.emplace_back();
    for (std::int64_t i = 0; i < kWidth; ++i) keep.push_back((i * 3 + static_cast<std::int64_t>(layer)) % kNeurons);
    std::ranges::sort(keep);
  }
  return plan;
}

class GgufPruneTest : public ::testing::Test {
 protected:
  GgufPruneTest() : dense_(Checkpoint::open(testing::trained_model("large"))), family_(make_family(dense_)) {
    plan_ = some_of_them(static_cast<std::size_t>(family_->config().num_hidden_layers));
  }

  void write(GgufType type) const {
    GgufPairs vocabulary;
    vocabulary.set("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b"});
    vocabulary.set("somebody.else's key", 0.5F);
    SilentProgress silent;
    GgufExport(dense_, *family_, type).write(place_ / "m.gguf", "large", vocabulary, silent);
  }
  PruneReport prune(const Plan& plan, bool force = false) {
    PruneOptions options;
    options.output = place_ / "p.gguf";
    options.command_line = "prunenet apply";
    options.force = force;
    return prune_gguf(GgufFile::open(place_ / "m.gguf"), *family_, plan, options, progress_);
  }
  [[nodiscard]] GgufFile before() const { return GgufFile::open(place_ / "m.gguf"); }
  [[nodiscard]] GgufFile after() const { return GgufFile::open(place_ / "p.gguf"); }

  testing::TemporaryDirectory place_;
  testing::RecordingProgress progress_;
  Checkpoint dense_;
  std::unique_ptr<Family> family_;
  Plan plan_;
};

TEST_F(GgufPruneTest, ReplacementsAreQuantised) {
  for (const GgufType type : {GgufType::kF16, GgufType::kQ80, GgufType::kQ41}) {
    write(type);
    const std::vector<StoredDown> downs = stored_downs(before(), *family_, plan_);
    DownReplacementWriter writer(place_ / "downs", downs, plan_, family_->config().hidden_size);
    std::vector<MatrixF> expected;
    for (std::size_t layer = 0; layer < downs.size(); ++layer) {
      MatrixF& down = expected.emplace_back(family_->config().hidden_size, kWidth);
      for (Eigen::Index i = 0; i < down.size(); ++i) down.reshaped()[i] = std::sin(static_cast<float>(i));
      VectorF no_bias;
      writer.round(layer, down, no_bias);
      writer.write(layer, down, no_bias);
    }
    writer.finish();
    PruneOptions options;
    options.output = place_ / "p.gguf";
    options.replacements = place_ / "downs";
    options.force = true;
    (void)prune_gguf(before(), *family_, plan_, options, progress_);
    for (std::size_t layer = 0; layer < downs.size(); ++layer) {
      const std::vector<float> found = after().read(downs[layer].weight);
      // What is rounded once stays as it is.
      EXPECT_EQ(found, std::vector<float>(expected[layer].data(), expected[layer].data() + expected[layer].size()));
    }
  }
}

class GgufPruneOfType : public GgufPruneTest, public ::testing::WithParamInterface<GgufType> {};

TEST_P(GgufPruneOfType, KeepsBlocksAndMetadataAsTheyAre) {
  write(GetParam());
  const PruneReport report = prune(plan_);
  EXPECT_THAT(report.remarks, IsEmpty());
  const GgufFile from = before();
  const GgufFile to = after();
  ASSERT_EQ(to.names(), from.names());
  for (const std::string& name : from.names()) {
    const GgufTensorInfo& info = from.tensor(name);
    const std::vector<std::byte> old_blocks = from.read_blocks(name);
    const std::vector<std::byte> new_blocks = to.read_blocks(name);
    EXPECT_EQ(to.tensor(name).type, info.type);
    if (name.find("ffn_gate") == std::string::npos && name.find("ffn_up") == std::string::npos &&
        name.find("ffn_down") == std::string::npos) {
      EXPECT_EQ(new_blocks, old_blocks) << name;
      continue;
    }
    const auto& keep = plan_.keep_indices.at(static_cast<std::size_t>(std::stoi(name.substr(4))));
    if (name.find("ffn_down") == std::string::npos) {  // whole rows
      const std::size_t row = old_blocks.size() / kNeurons;
      ASSERT_EQ(new_blocks.size(), row * keep.size());
      for (std::size_t i = 0; i < keep.size(); ++i) {
        const auto* const kept = old_blocks.data() + static_cast<std::size_t>(keep[i]) * row;
        EXPECT_TRUE(std::equal(kept, kept + row, new_blocks.data() + i * row)) << name << " row " << i;
      }
      continue;
    }
    std::vector<float> columns;
    const std::vector<float> values = from.read(name);
    for (std::size_t row = 0; row < values.size(); row += kNeurons) {
      for (const std::int64_t neuron : keep) columns.push_back(values[row + static_cast<std::size_t>(neuron)]);
    }
    EXPECT_EQ(new_blocks, quantize(info.type, columns)) << name;
  }
  for (const std::string& key : from.keys()) {
    if (key == "llama.feed_forward_length") continue;
    EXPECT_EQ(to.raw_value(key), from.raw_value(key)) << key;
  }
  EXPECT_EQ(to.integer("llama.feed_forward_length"), kWidth);
  const auto record = nlohmann::json::parse(to.text("prunenet.record"));
  EXPECT_EQ(record.at("plan").at("keep_indices"), nlohmann::json(plan_.keep_indices));
  EXPECT_EQ(record.at("inputs").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Types, GgufPruneOfType,
                         ::testing::Values(GgufType::kF32, GgufType::kF16, GgufType::kBF16, GgufType::kQ80,
                                           GgufType::kQ51, GgufType::kQ50, GgufType::kQ41, GgufType::kQ40),
                         [](const auto& item) { return std::string(gguf_block(item.param).name); });

TEST_F(GgufPruneTest, IsTheSameModelAsThePrunedDirectory) {
  write(GgufType::kF32);
  prune(plan_);
  PruneOptions options;
  options.output = place_ / "pruned";
  prune_checkpoint(dense_, *family_, plan_, options, progress_);
  const Checkpoint directory = Checkpoint::open(place_ / "pruned");
  const Checkpoint file = open_gguf_checkpoint(place_ / "p.gguf");
  ASSERT_EQ(file.tensors().size(), directory.tensors().size());
  for (const auto& [name, info] : directory.tensors()) {
    EXPECT_EQ(file.read_matrix(name), directory.read_matrix(name)) << name;
  }
}

TEST_F(GgufPruneTest, IsNoModelDirectory) {
  write(GgufType::kF32);
  const Checkpoint file = open_gguf_checkpoint(place_ / "m.gguf");
  PruneOptions options;
  options.output = place_ / "pruned";
  expect_error(ErrorKind::kUnsupported, {"m.gguf", "no model directory"},
               [&] { prune_checkpoint(file, *family_, plan_, options, progress_); });
}

TEST_F(GgufPruneTest, EstimateIsWhatHappensButForTheRecord) {
  write(GgufType::kQ80);
  const PruneEstimate estimate = estimate_gguf_prune(before(), *family_, plan_);
  const PruneReport report = prune(plan_);
  EXPECT_EQ(estimate.bytes_before, fs::file_size(place_ / "m.gguf"));
  EXPECT_EQ(estimate.bytes_after, report.sizes.bytes_after);
  const std::uint64_t record = after().text("prunenet.record").size();
  EXPECT_NEAR(static_cast<double>(estimate.bytes_after + record), static_cast<double>(fs::file_size(place_ / "p.gguf")),
              200.0);
  std::uint64_t parameters = 0;
  const GgufFile pruned = after();
  for (const auto& [name, info] : pruned.tensors()) parameters += info.elements;
  EXPECT_EQ(estimate.parameters_after, parameters);
  EXPECT_EQ(estimate.intermediate_size_after, kWidth);
  EXPECT_EQ(progress_.done, progress_.totals);
}

TEST_F(GgufPruneTest, WidthsThatBlocksDoNotFitFallBackToHalfPrecision) {
  write(GgufType::kQ40);
  for (auto& keep : plan_.keep_indices) keep.resize(100);
  const PruneReport report = prune(plan_);
  EXPECT_THAT(report.remarks, ElementsAre(HasSubstr("from Q4_0 to F16")));
  EXPECT_EQ(after().tensor("blk.0.ffn_down.weight").type, GgufType::kF16);
  EXPECT_EQ(after().tensor("blk.0.ffn_up.weight").type, GgufType::kQ40) << "its rows are whole";
}

TEST_F(GgufPruneTest, TypesThatAreOnlyReadFallBackToEightBits) {
  // The same file with 256 neurons, whose down projection is of random Q6_K blocks.
  write(GgufType::kF32);
  const GgufFile source = before();
  GgufPairs pairs;
  for (const std::string& key : source.keys()) pairs.set_raw(key, source.raw_value(key));
  pairs.set("llama.feed_forward_length", std::uint32_t{256});
  std::vector<GgufDeclaration> tensors;
  for (const std::string& name : source.names()) {
    GgufDeclaration tensor{name, source.tensor(name).type, source.tensor(name).shape};
    if (name.find("ffn_gate") != std::string::npos || name.find("ffn_up") != std::string::npos) tensor.shape[0] = 256;
    if (name.find("ffn_down") != std::string::npos) {
      tensor.shape[1] = 256;
      tensor.type = GgufType::kQ6K;
    }
    tensors.push_back(std::move(tensor));
  }
  GgufWriter writer(place_ / "k.gguf", GgufLayout(pairs, tensors));
  for (const GgufDeclaration& tensor : tensors) {
    const std::uint64_t bytes = gguf_bytes(tensor.type, tensor.shape);
    std::vector<std::byte> blocks(bytes);
    if (tensor.type == GgufType::kQ6K) {
      for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = static_cast<std::byte>(i * 37 % 251);
      for (std::size_t i = 209; i < blocks.size(); i += 210) blocks[i] = std::byte{0x1c};  // scales stay small
    }
    writer.write(tensor.name, blocks);
  }
  writer.finish();
  const Checkpoint model = open_gguf_checkpoint(place_ / "k.gguf");
  const auto family = make_family(model);
  Plan plan;
  plan.intermediate_size = 256;
  std::vector<std::int64_t> keep(128);
  std::iota(keep.begin(), keep.end(), std::int64_t{64});
  plan.keep_indices.assign(static_cast<std::size_t>(family->config().num_hidden_layers), keep);
  PruneOptions options;
  options.output = place_ / "p.gguf";
  const PruneReport report = prune_gguf(GgufFile::open(place_ / "k.gguf"), *family, plan, options, progress_);
  EXPECT_THAT(report.remarks, ElementsAre(HasSubstr("from Q6_K to Q8_0")));
  const MatrixF dense = model.read_matrix("model.layers.0.mlp.down_proj.weight");
  const MatrixF pruned = open_gguf_checkpoint(place_ / "p.gguf").read_matrix("model.layers.0.mlp.down_proj.weight");
  const MatrixF expected = dense.middleCols(64, 128);
  EXPECT_LE((pruned - expected).norm(), 0.01F * expected.norm());
}

TEST_F(GgufPruneTest, LayersOfDifferentWidthMakeADeci) {
  write(GgufType::kF32);
  plan_.keep_indices[1].resize(64);
  const PruneReport report = prune(plan_);
  EXPECT_THAT(report.remarks, ElementsAre(HasSubstr("deci")));
  EXPECT_EQ(report.sizes.intermediate_size_after, 64);
  EXPECT_EQ(report.sizes.largest_size_after, kWidth);
  const GgufFile file = after();
  EXPECT_EQ(file.text("general.architecture"), "deci");
  const std::size_t layers = plan_.keep_indices.size();
  std::vector<std::int64_t> widths(layers, kWidth);
  widths[1] = 64;
  EXPECT_EQ(file.integers("deci.feed_forward_length"), widths);
  EXPECT_EQ(file.integers("deci.attention.head_count"),
            std::vector<std::int64_t>(layers, family_->config().num_attention_heads));
  EXPECT_EQ(file.integer("deci.embedding_length"), family_->config().hidden_size);
  EXPECT_FALSE(file.has("llama.embedding_length"));
  EXPECT_EQ(file.tensor("blk.1.ffn_up.weight").shape.front(), 64);
  EXPECT_EQ(file.tensor("blk.0.ffn_up.weight").shape.front(), kWidth);

  const Checkpoint pruned = open_gguf_checkpoint(place_ / "p.gguf");
  const auto family = make_family(pruned);
  EXPECT_EQ(family->name(), "deci");
  EXPECT_EQ(family->config().intermediate_size, kWidth);
  EXPECT_EQ(family->config().layer_widths, widths);
  const FfnWeights found = read_ffn(pruned, *family, 1);
  const FfnWeights dense = read_ffn(dense_, *family_, 1);
  ASSERT_EQ(found.up.rows(), 64);
  for (Eigen::Index i = 0; i < 64; ++i) {
    const auto neuron = static_cast<Eigen::Index>(plan_.keep_indices[1][static_cast<std::size_t>(i)]);
    EXPECT_EQ(found.up.row(i), dense.up.row(neuron));
    EXPECT_EQ(found.down.col(i), dense.down.col(neuron));
  }
  // It is written again as it is, and not pruned again.
  GgufExport(pruned, *family, GgufType::kF32).write(place_ / "again.gguf", "again", GgufPairs(), progress_);
  EXPECT_EQ(make_family(open_gguf_checkpoint(place_ / "again.gguf"))->config().layer_widths, widths);
  expect_error(ErrorKind::kUnsupported, {"64 to 160 neurons", "not pruned"},
               [&] { (void)estimate_gguf_prune(after(), *family, plan_); });
}

TEST_F(GgufPruneTest, ALayerWithoutNeuronsHasNoPlace) {
  write(GgufType::kF32);
  plan_.keep_indices[2].clear();
  expect_error(ErrorKind::kUnsupported, {"no neuron of layer 2"}, [&] { prune(plan_); });
}

TEST_F(GgufPruneTest, OtherArchitecturesHaveOneWidth) {
  const Checkpoint qwen = Checkpoint::open(fs::path(PRUNENET_TEST_DATA) / "models" / "qwen3");
  const auto family = make_family(qwen);
  GgufExport(qwen, *family, GgufType::kF32).write(place_ / "q.gguf", "q", GgufPairs(), progress_);
  Plan plan;
  plan.intermediate_size = family->config().intermediate_size;
  plan.keep_indices.assign(static_cast<std::size_t>(family->config().num_hidden_layers), {0, 1, 2});
  plan.keep_indices[0].pop_back();
  expect_error(ErrorKind::kUnsupported, {"2 to 3 neurons", "llama", "qwen3"},
               [&] { (void)estimate_gguf_prune(GgufFile::open(place_ / "q.gguf"), *family, plan); });
}

TEST_F(GgufPruneTest, NothingIsReplacedUnasked) {
  write(GgufType::kF32);
  testing::write_file(place_ / "p.gguf", "mine");
  expect_error(ErrorKind::kAlreadyExists, {"p.gguf", "--force"}, [&] { prune(plan_); });
  EXPECT_EQ(read_text_file(place_ / "p.gguf"), "mine");
  prune(plan_, true);
  EXPECT_EQ(after().integer("llama.feed_forward_length"), kWidth);
  PruneOptions onto_itself;
  onto_itself.output = place_ / "." / "m.gguf";
  onto_itself.force = true;
  expect_error(ErrorKind::kInvalidArgument, {"m.gguf", "made from"},
               [&] { prune_gguf(before(), *family_, plan_, onto_itself, progress_); });
  Plan other = plan_;
  other.keep_indices.pop_back();
  expect_error(ErrorKind::kMismatch, {"layers"}, [&] { prune(other, true); });
  EXPECT_EQ(std::distance(fs::directory_iterator(place_.path()), {}), 2) << "no temporary file stays";
}

}  // namespace
}  // namespace prunenet
