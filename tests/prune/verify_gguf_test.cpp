// Pruned GGUF files of the small trained model, damaged byte by byte.
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "prunenet/core/file.h"
#include "prunenet/family/gguf_export.h"
#include "prunenet/prune/gguf_prune.h"
#include "prunenet/prune/verify.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;

class VerifyGgufTest : public ::testing::Test {
 protected:
  void prune(GgufType type, std::int64_t width = 96) {
    const Checkpoint dense = Checkpoint::open(testing::trained_model("small"));
    const auto family = make_family(dense);
    GgufExport(dense, *family, type).write(input_, "small", GgufPairs(), progress_);
    plan_.source = "test";
    plan_.intermediate_size = family->config().intermediate_size;
    std::vector<std::int64_t> keep(static_cast<std::size_t>(width));
    std::iota(keep.begin(), keep.end(), std::int64_t{5});
    plan_.keep_indices.assign(static_cast<std::size_t>(family->config().num_hidden_layers), keep);
    write(*family);
  }
  void write(const Family& family) {
    PruneOptions options;
    options.output = output_;
    options.force = true;
    (void)prune_gguf(GgufFile::open(input_), family, plan_, options, progress_);
  }
  [[nodiscard]] std::vector<std::string> failures() {
    std::vector<std::string> texts;
    for (const VerifyFailure& failure : verify_pruned(output_, input_, {}, progress_).failures) {
      texts.push_back(to_string(failure));
    }
    return texts;
  }
  /// Flips a byte of a tensor, or `offset` bytes behind its beginning.
  void damage(const std::string& tensor, std::uint64_t offset) const {
    const std::uint64_t at = GgufFile::open(output_).tensor(tensor).offset + offset;
    std::string bytes = read_text_file(output_);
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
    testing::write_file(output_, bytes);
  }
  /// Replaces text of the same length.
  void replace(const std::string& old, const std::string& by) const {
    std::string bytes = read_text_file(output_);
    const std::size_t at = bytes.find(old);
    ASSERT_NE(at, std::string::npos);
    testing::write_file(output_, bytes.replace(at, by.size(), by));
  }

  testing::TemporaryDirectory place_;
  const fs::path input_ = place_ / "m.gguf";
  const fs::path output_ = place_ / "p.gguf";
  SilentProgress progress_;
  Plan plan_;
};

class VerifyGgufOfType : public VerifyGgufTest, public ::testing::WithParamInterface<GgufType> {};

TEST_P(VerifyGgufOfType, WhatApplyWroteHolds) {
  prune(GetParam());
  const VerifyReport report = verify_pruned(output_, input_, {}, progress_);
  EXPECT_TRUE(report.holds());
  EXPECT_THAT(report.warnings, ::testing::IsEmpty());
  for (const VerifyCheck& check : report.checks) EXPECT_GT(check.held, 0U) << check.name;
  damage("blk.0.ffn_down.weight", 7);
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("tensor 'blk.0.ffn_down.weight': byte 7 is 0x")));
}

INSTANTIATE_TEST_SUITE_P(Types, VerifyGgufOfType,
                         ::testing::Values(GgufType::kF32, GgufType::kBF16, GgufType::kQ80, GgufType::kQ40),
                         [](const auto& item) { return std::string(gguf_block(item.param).name); });

TEST_F(VerifyGgufTest, WidthsThatBlocksDoNotFit) {
  prune(GgufType::kQ40, 100);
  EXPECT_THAT(failures(), ElementsAre());
}

TEST_F(VerifyGgufTest, LayersOfDifferentWidth) {
  prune(GgufType::kF32);
  plan_.keep_indices[1].resize(64);
  write(*make_family(Checkpoint::open(testing::trained_model("small"))));
  EXPECT_EQ(GgufFile::open(output_).text("general.architecture"), "deci");
  EXPECT_THAT(failures(), ElementsAre());
}

TEST_F(VerifyGgufTest, BytesOfEveryKind) {
  prune(GgufType::kF16);
  damage("blk.1.ffn_gate.weight", 2);
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("blk.1.ffn_gate.weight': byte 2")));
  damage("blk.1.ffn_gate.weight", 2);
  damage("token_embd.weight", 0);
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("token_embd.weight': byte 0")));
  damage("token_embd.weight", 0);
  replace("small", "smell");  // general.name
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("'general.name': type and value: byte"), HasSubstr("header: byte")));
  replace("smell", "small");
  EXPECT_THAT(failures(), ElementsAre());
}

TEST_F(VerifyGgufTest, ARecordOfOtherNeurons) {
  prune(GgufType::kF16);
  replace("[[5,6,7", "[[3,6,7");
  EXPECT_THAT(failures(),
              ElementsAre(HasSubstr("blk.0.ffn_gate.weight': byte"), HasSubstr("blk.0.ffn_up.weight': byte"),
                          HasSubstr("blk.0.ffn_down.weight': byte")));
  replace("[[3,6,7", "[[6,5,7");
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("keep_indices of layer 0, position 1")));
}

TEST_F(VerifyGgufTest, TruncatedOrLengthened) {
  prune(GgufType::kF16);
  const std::string whole = read_text_file(output_);
  testing::write_file(output_, whole + std::string(32, '\0'));
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("bytes, but should be")));
  testing::write_file(output_, whole.substr(0, whole.size() - 64));
  EXPECT_THAT(failures(), ElementsAre(HasSubstr("p.gguf")));
}

TEST_F(VerifyGgufTest, AnotherInput) {
  prune(GgufType::kF16);
  fs::rename(output_, place_ / "first.gguf");
  prune(GgufType::kQ80);
  fs::rename(place_ / "first.gguf", output_);
  const auto found = failures();
  EXPECT_THAT(found, Contains(HasSubstr("m.gguf: SHA-256")));
  EXPECT_THAT(found, Contains(HasSubstr("is F16 [")));
}

TEST_F(VerifyGgufTest, NoRecord) {
  prune(GgufType::kF16);
  expect_error(ErrorKind::kBadInput, {"m.gguf", "prunenet.record"},
               [&] { (void)verify_pruned(input_, input_, {}, progress_); });
}

}  // namespace
}  // namespace prunenet
