// Every variant that llama.cpp has an architecture for, written as GGUF and read back.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "model/tiny_models.h"
#include "prunenet/checkpoint/file_names.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/output_file.h"
#include "prunenet/family/gguf_export.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/plan/plan.h"
#include "prunenet/prune/gguf_prune.h"
#include "prunenet/prune/verify.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

/// Variants that llama.cpp's architectures have no room for, and words of the message that says so.
const std::map<std::string, std::string> kRefused{
    {"opt", "no such architecture"},
    {"opt-norm-behind", "no such architecture"},
    {"llama-biased-untied", "'llama' has no activation of this kind"},
    {"gemma2", "'gemma2' has no attention scale of 0.288675"},
    {"gemma3", "'gemma3' has no attention scale of 0.288675"},
    {"phi-head-norms", "'phi2' has no norms of queries and keys"},
    {"falcon-sequential", "'falcon' has no biases"},
};

/// What to change in the configs of some variants for a model that there is room for.
const std::map<std::string, const char*> kPatches{
    {"llama-biased-untied", R"({"hidden_act": "silu"})"},
    {"gemma2", R"({"query_pre_attn_scalar": 8})"},
    {"gemma3", R"({"query_pre_attn_scalar": 8})"},
    {"phi-head-norms", nullptr},
    {"falcon-sequential", nullptr},
    {"opt", nullptr},
    {"opt-norm-behind", nullptr},
};

/// Variants whose sliding windows do not come along.
const std::set<std::string> kLoseWindows{"mistral-window", "qwen2-window"};

class GgufContract : public ::testing::TestWithParam<std::string> {
 protected:
  void open(const std::filesystem::path& directory) {
    checkpoint_.emplace(Checkpoint::open(directory));
    family_ = make_family(*checkpoint_);
  }

  /// The variant, or what is nearest to it among the models that can become GGUF files; false where nothing is.
  [[nodiscard]] bool open_variant() {
    const std::filesystem::path source = testing::tiny_model_directory(GetParam());
    const auto patch = kPatches.find(GetParam());
    if (patch == kPatches.end()) {
      open(source);
      return true;
    }
    if (patch->second == nullptr) return false;
    std::filesystem::copy(source, directory_ / "model");
    nlohmann::json config = nlohmann::json::parse(read_text_file(source / kConfigFile));
    config.merge_patch(nlohmann::json::parse(patch->second));
    write_file_atomically(directory_ / "model" / kConfigFile, config.dump());
    open(directory_ / "model");
    return true;
  }

  /// The model as a GGUF file, opened.
  [[nodiscard]] Checkpoint through_gguf(GgufType type) const {
    SilentProgress silent;
    GgufExport(*checkpoint_, *family_, type).write(directory_ / "m.gguf", "tiny", GgufPairs(), silent);
    return open_checkpoint(directory_ / "m.gguf");
  }

  testing::TemporaryDirectory directory_;
  std::optional<Checkpoint> checkpoint_;
  std::unique_ptr<Family> family_;
};

TEST_P(GgufContract, WhatThereIsNoRoomForIsRefused) {
  if (!kRefused.contains(GetParam())) GTEST_SKIP() << "there is room for all of it";
  open(testing::tiny_model_directory(GetParam()));
  testing::expect_error(ErrorKind::kUnsupported, {"llama.cpp", kRefused.at(GetParam())},
                        [&] { (void)through_gguf(GgufType::kF32); });
}

TEST_P(GgufContract, TensorsComeBackBitForBit) {
  if (!open_variant()) GTEST_SKIP() << "refused";
  const Checkpoint back = through_gguf(GgufType::kF32);
  for (const auto& [name, info] : back.tensors()) {
    // A tied output projection comes back as one of its own where llama.cpp's architecture always has one.
    const MatrixF before = checkpoint_->read_matrix(checkpoint_->has(name) ? name : family_->embedding());
    const MatrixF after = back.read_matrix(name);
    ASSERT_EQ(after.size(), before.size()) << name;
    // Gains with an offset are rounded where it is added.
    const float allowed = family_->config().norm_gain_offset == 0.0 ? 0.0F : 1.2e-7F;
    EXPECT_LE((after - before).cwiseAbs().maxCoeff(), allowed) << name;
  }
  for (const auto& [name, info] : checkpoint_->tensors()) EXPECT_TRUE(back.has(name)) << name;
}

TEST_P(GgufContract, TheModelThatComesBackGivesTheSameLogits) {
  if (!open_variant()) GTEST_SKIP() << "refused";
  const Checkpoint back = through_gguf(GgufType::kF32);
  const std::unique_ptr<Family> family = make_family(back);
  SilentProgress silent;
  // Windows of five tokens make no difference to the first five.
  const std::int64_t tokens = kLoseWindows.contains(GetParam()) ? 5 : 24;
  const torch::Tensor ids = torch::arange(1, tokens + 1).view({1, tokens}) % family->config().vocab_size;
  const torch::Tensor before = CausalLm::load(*checkpoint_, *family_, silent).logits(ids);
  const torch::Tensor after = CausalLm::load(back, *family, silent).logits(ids);
  // The two forms of GELU are one in a GGUF file.
  const double allowed = family_->config().activation == family->config().activation ? 1e-5 : 1e-3;
  EXPECT_LE((after - before).abs().max().item<double>(), allowed * before.abs().max().item<double>());
  EXPECT_EQ(GgufExport(*checkpoint_, *family_, GgufType::kF32).losses().size(),
            kLoseWindows.contains(GetParam()) ? 1U : 0U);
}

TEST_P(GgufContract, PrunedFilesAreVerified) {
  if (!open_variant()) GTEST_SKIP() << "refused";
  const std::unique_ptr<Family> family = make_family(through_gguf(GgufType::kF16));
  SilentProgress silent;
  PruneOptions options;
  options.output = directory_ / "p.gguf";
  const Plan plan = plan_of_width(family->config(), family->config().intermediate_size / 2);
  (void)prune_gguf(GgufFile::open(directory_ / "m.gguf"), *family, plan, options, silent);
  const VerifyReport report = verify_pruned(options.output, directory_ / "m.gguf", {}, silent);
  for (const VerifyFailure& failure : report.failures) ADD_FAILURE() << to_string(failure);
  for (const VerifyCheck& check : report.checks) EXPECT_GT(check.held, 0U) << check.name;
}

TEST_P(GgufContract, QuantisedModelsStayNearTheirOriginals) {
  if (!open_variant()) GTEST_SKIP() << "refused";
  // Rows of these tiny models do not divide into blocks, so their matrices become F16: eleven bits of each number.
  const Checkpoint back = through_gguf(GgufType::kQ80);
  for (std::int64_t layer = 0; layer < family_->config().num_hidden_layers; ++layer) {
    const FfnWeights before = read_ffn(*checkpoint_, *family_, layer);
    const FfnWeights after = read_ffn(back, *make_family(back), layer);
    EXPECT_LE((after.up - before.up).norm(), before.up.norm() / 127);
    EXPECT_LE((after.down - before.down).norm(), before.down.norm() / 127);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, GgufContract, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

}  // namespace
}  // namespace prunenet
