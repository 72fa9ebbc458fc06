#include "prunenet/family/gguf_import.h"

#include <gtest/gtest.h>

#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/family/family.h"
#include "prunenet/family/gguf_store.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::GgufBytes;
using testing::TemporaryDirectory;

constexpr std::uint32_t kU32 = 4;
constexpr std::uint32_t kF32Value = 6;
constexpr std::uint32_t kText = 8;
constexpr std::uint32_t kF32Tensor = 0;

constexpr std::uint64_t kHidden = 8;
constexpr std::uint64_t kNeurons = 12;
constexpr std::uint64_t kHeads = 2;  // of 4 rows each
constexpr std::uint64_t kVocabulary = 5;

/// One layer, one key-value head. Element i of a tensor is i, so every row can be told.
class TinyGguf {
 public:
  GgufBytes file;

  explicit TinyGguf(const std::string& architecture = "llama", float rope_theta = 5000.0F) {
    file.pair_bytes("general.architecture", kText, testing::gguf_text(architecture));
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::uint32_t>>{{"llama.block_count", 1},
                                                            {"llama.embedding_length", kHidden},
                                                            {"llama.feed_forward_length", kNeurons},
                                                            {"llama.attention.head_count", kHeads},
                                                            {"llama.attention.head_count_kv", 1},
                                                            {"llama.context_length", 64},
                                                            {"tokenizer.ggml.bos_token_id", 1}}) {
      file.pair(key, kU32, value);
    }
    file.pair("llama.attention.layer_norm_rms_epsilon", kF32Value, 1e-5F);
    file.pair("llama.rope.freq_base", kF32Value, rope_theta);
    add("token_embd.weight", kVocabulary, kHidden);
    add("output_norm.weight", kHidden);
    add("blk.0.attn_norm.weight", kHidden);
    add("blk.0.attn_q.weight", kHeads * 4, kHidden);
    add("blk.0.attn_k.weight", 4, kHidden);
    add("blk.0.attn_v.weight", 4, kHidden);
    add("blk.0.attn_output.weight", kHidden, kHeads * 4);
    add("blk.0.ffn_norm.weight", kHidden);
    add("blk.0.ffn_gate.weight", kNeurons, kHidden);
    add("blk.0.ffn_up.weight", kNeurons, kHidden);
    add("blk.0.ffn_down.weight", kHidden, kNeurons);
  }

  void add_vector(const std::string& name, const std::vector<float>& values) {
    file.tensor(name, {values.size()}, kF32Tensor, file.data.size());
    for (const float value : values) file.data += testing::le(value);
    file.data.append((32 - file.data.size() % 32) % 32, '\0');
  }
  void add(const std::string& name, std::uint64_t rows, std::uint64_t columns = 0) {
    file.tensor(name, columns == 0 ? std::vector<std::uint64_t>{rows} : std::vector<std::uint64_t>{columns, rows},
                kF32Tensor, file.data.size());
    const std::uint64_t elements = rows * std::max<std::uint64_t>(columns, 1);
    for (std::uint64_t i = 0; i < elements; ++i) file.data += testing::le(static_cast<float>(i));
    file.data.append((32 - file.data.size() % 32) % 32, '\0');
  }

  [[nodiscard]] Checkpoint open(const TemporaryDirectory& directory) const {
    testing::write_file(directory / "m.gguf", file.bytes());
    return open_gguf_checkpoint(directory / "m.gguf");
  }
};

/// Imports and opens what came out, with the family's own checks of every tensor.
Checkpoint import(const TinyGguf& gguf, const TemporaryDirectory& directory, Dtype dtype = Dtype::kF32) {
  SilentProgress silent;
  std::filesystem::create_directory(directory / "out");
  import_weights(gguf.open(directory), directory / "out", dtype, silent);
  Checkpoint checkpoint = Checkpoint::open(directory / "out");
  EXPECT_EQ(make_family(checkpoint)->name(), "llama");
  return checkpoint;
}

TEST(GgufImport, TensorsHaveTheirNamesShapesAndValues) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = import(TinyGguf(), directory);
  EXPECT_EQ(checkpoint.tensors().size(), 11U);
  const MatrixF down = checkpoint.read_matrix("model.layers.0.mlp.down_proj.weight", kHidden, kNeurons);
  EXPECT_EQ(down(2, 3), 2.0F * kNeurons + 3.0F);
}

TEST(GgufImport, QueriesAndKeysAreTakenOutOfTheInterleavedLayout) {
  // convert_hf_to_gguf.py: reshape(heads, 2, c / 2, row).swapaxes(1, 2): with c = 4, the rows 0 1 2 3 of a head are
  // stored as 0 2 1 3.
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = import(TinyGguf(), directory);
  const auto first_of_rows = [&](const std::string& name) {
    const MatrixF matrix = checkpoint.read_matrix("model.layers.0.self_attn." + name);
    std::vector<float> rows;
    for (Eigen::Index row = 0; row < matrix.rows(); ++row) rows.push_back(matrix(row, 0) / kHidden);
    return rows;
  };
  EXPECT_EQ(first_of_rows("q_proj.weight"), (std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7}));
  EXPECT_EQ(first_of_rows("k_proj.weight"), (std::vector<float>{0, 2, 1, 3}));
  EXPECT_EQ(first_of_rows("v_proj.weight"), (std::vector<float>{0, 1, 2, 3}));
}

TEST(GgufImport, ConfigSaysWhatTheMetadataSays) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = import(TinyGguf(), directory, Dtype::kBF16);
  const ModelConfig config = make_family(checkpoint)->config();
  EXPECT_EQ(config.hidden_size, 8);
  EXPECT_EQ(config.intermediate_size, 12);
  EXPECT_EQ(config.num_key_value_heads, 1);
  EXPECT_EQ(config.head_dim, 4);
  EXPECT_EQ(config.max_position_embeddings, 64);
  EXPECT_NEAR(config.norm_eps, 1e-5, 1e-10);
  EXPECT_EQ(config.rope_theta, 5000.0);
  EXPECT_EQ(config.bos_token_id, 1);
  EXPECT_TRUE(config.tie_word_embeddings);
  EXPECT_EQ(checkpoint.config().at("torch_dtype"), "bfloat16");
  EXPECT_EQ(checkpoint.tensors().at("model.norm.weight").dtype, Dtype::kBF16);
}

TEST(GgufImport, TableOfRotaryDivisorsBecomesLlama3Scaling) {
  // Head size 4, theta 1e9: wavelengths 6.28 (below 8192 / 4: divisor 1) and 198692 (above 8192: the factor).
  const TemporaryDirectory directory;
  TinyGguf gguf("llama", 1e9F);
  gguf.add_vector("rope_freqs.weight", {1.0F, 32.0F});
  const ModelConfig config = make_family(import(gguf, directory))->config();
  EXPECT_EQ(config.rope_scaling.kind, RopeScaling::Kind::kLlama3);
  EXPECT_EQ(config.rope_scaling.factor, 32.0);
  EXPECT_EQ(config.rope_scaling.low_freq_factor, 1.0);
  EXPECT_EQ(config.rope_scaling.high_freq_factor, 4.0);
  EXPECT_EQ(config.rope_scaling.original_max_position_embeddings, 8192);
}

TEST(GgufImport, OutputProjectionOfItsOwnIsNotTied) {
  const TemporaryDirectory directory;
  TinyGguf gguf;
  gguf.add("output.weight", kVocabulary, kHidden);
  EXPECT_FALSE(make_family(import(gguf, directory))->config().tie_word_embeddings);
}

TEST(GgufImport, WrittenBytesAreKnownBefore) {
  const TemporaryDirectory directory;
  const std::uint64_t expected = imported_bytes(TinyGguf().open(directory), Dtype::kF16);
  import(TinyGguf(), directory, Dtype::kF16);
  EXPECT_EQ(std::filesystem::file_size(directory / "out" / "model.safetensors"), expected);
}

TEST(GgufImport, WhatConfigCannotStateIsRefused) {
  const TemporaryDirectory directory;
  const auto expect_refused = [&](const TinyGguf& gguf, std::initializer_list<std::string> fragments) {
    expect_error(ErrorKind::kUnsupported, fragments, [&] { (void)gguf.open(directory); });
  };
  expect_refused(TinyGguf("mamba"), {"'mamba'", "llama, deci, granite"});
  TinyGguf scaled;
  scaled.file.pair_bytes("llama.rope.scaling.type", kText, testing::gguf_text("yarn"));
  expect_refused(scaled, {"'yarn'", "linear"});
  TinyGguf table;
  table.add("rope_freqs.weight", 2);  // divisors 0 and 1
  expect_refused(table, {"rope_freqs.weight", "divisor 0", "LLaMA 3"});
  TinyGguf experts;
  experts.file.pair("llama.expert_count", kU32, std::uint32_t{8});
  expect_refused(experts, {"experts"});
  TinyGguf part;
  part.file.pair("split.count", kU32, std::uint32_t{3});
  expect_refused(part, {"one of 3 parts", "join"});
  TinyGguf strange;
  strange.add("blk.0.strange.weight", 3);
  expect_refused(strange, {"m.gguf", "blk.0.strange.weight", "no place"});
}

TEST(GgufImport, MetadataAndTensorsThatDisagreeAreRefused) {
  const TemporaryDirectory directory;
  TinyGguf wide;
  wide.file.pair("llama.attention.key_length", kU32, std::uint32_t{6});
  expect_error(ErrorKind::kMismatch, {"m.gguf", "blk.0.attn_q.weight", "[8, 8]", "[12, 8]"},
               [&] { (void)wide.open(directory); });
  TinyGguf odd;
  odd.file.pair("llama.attention.key_length", kU32, std::uint32_t{5});
  expect_error(ErrorKind::kBadInput, {"head size 5"}, [&] { (void)odd.open(directory); });
  TinyGguf biased;
  biased.add("blk.0.attn_q.bias", kHeads * 4);  // and none of keys
  expect_error(ErrorKind::kBadInput, {"blk.0.attn_k.bias"}, [&] { (void)biased.open(directory); });
}

TEST(GgufImport, WidthsThatDifferByLayerAreRefusedAndEqualOnesAreOne) {
  const TemporaryDirectory directory;
  const auto with_widths = [](const std::vector<std::uint32_t>& widths) {
    TinyGguf gguf;
    const std::string key = testing::gguf_text("llama.feed_forward_length") + testing::le(kU32);
    const std::size_t at = gguf.file.pairs.find(key);
    std::string array = testing::gguf_text("llama.feed_forward_length") + testing::le<std::uint32_t>(9) +
                        testing::le(kU32) + testing::le<std::uint64_t>(widths.size());
    for (const std::uint32_t width : widths) array += testing::le(width);
    gguf.file.pairs.replace(at, key.size() + sizeof(std::uint32_t), array);
    return gguf;
  };
  EXPECT_EQ(with_widths({kNeurons}).open(directory).config().at("intermediate_size"), kNeurons);
  expect_error(ErrorKind::kUnsupported, {"llama.feed_forward_length", "differs by layer"}, [&] {
    (void)with_widths({12, 8}).open(directory);
  });
}

TEST(GgufImport, NothingIsMadeForLayersThatAreOnlyClaimed) {
  for (const char* architecture : {"llama", "gemma2"}) {
    GgufBytes file;
    const std::string prefix = std::string(architecture) + ".";
    file.pair_bytes("general.architecture", kText, testing::gguf_text(architecture));
    file.pair(prefix + "block_count", kU32, 2'000'000'000U).pair(prefix + "embedding_length", kU32, 8U);
    file.pair(prefix + "feed_forward_length", kU32, 8U).pair(prefix + "attention.head_count", kU32, 2U);
    file.pair(prefix + "context_length", kU32, 8U).pair(prefix + "attention.layer_norm_rms_epsilon", kF32Value, 1e-5F);
    file.data = std::string(64, '\0');
    file.tensor("token_embd.weight", {8, 2}, kF32Tensor, 0);
    const TemporaryDirectory directory;
    testing::write_file(directory / "m.gguf", file.bytes());
    expect_error(ErrorKind::kBadInput, {"2000000000 layers", "1 tensors"},
                 [&] { (void)open_gguf_checkpoint(directory / "m.gguf"); });
  }
}

}  // namespace
}  // namespace prunenet
