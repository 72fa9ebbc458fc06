// Students that are GGUF files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/sha256.h"
#include "prunenet/family/gguf_export.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/prune/gguf_prune.h"
#include "prunenet/prune/gguf_pruned_layout.h"
#include "prunenet/recover/recovery.h"
#include "prunenet/recover/recovery_output.h"
#include "recover/pruned_small.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;

constexpr std::int64_t kMultiple = 32;

/// Fewer neurons from layer to layer, the first ones of each.
Plan falling_widths(const ModelConfig& config) {
  Plan plan;
  plan.source = "falling";
  plan.intermediate_size = config.intermediate_size;
  plan.round_to = kMultiple;
  plan.requested_ratio = 0.3;
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    std::vector<std::int64_t>& keep =
        plan.keep_indices.emplace_back(config.intermediate_size - kMultiple * (layer + 1));
    std::iota(keep.begin(), keep.end(), 0);
  }
  return plan;
}

class RecoveredGguf : public ::testing::Test {
 protected:
  RecoveredGguf() {
    options_.sampled_tokens = 2048;
    options_.held_out_tokens = 512;
    options_.sequence_length = 64;
    options_.steps = 12;
    options_.tokens = 512;
    options_.warmup_steps = 2;
    options_.learning_rate = 2e-3;
  }

  void make_student(GgufType type) {
    const Checkpoint dense = Checkpoint::open(testing::trained_model("small"));
    const auto family = make_family(dense);
    GgufPairs vocabulary;
    vocabulary.set("somebody.else's key", 0.5F);
    GgufExport(dense, *family, type).write(place_ / "dense.gguf", "small", vocabulary, silent_);
    PruneOptions options;
    options.output = place_ / "student.gguf";
    (void)prune_gguf(GgufFile::open(place_ / "dense.gguf"), *family, falling_widths(family->config()), options,
                     silent_);
  }
  [[nodiscard]] RecoveryFiles files(const std::string& output) const {
    return testing::recovery_files(place_, "student.gguf", output);
  }
  RecoveryReport recover(const RecoveryFiles& files) { return recover_student(options_, files, silent_); }

  testing::TemporaryDirectory place_;
  SilentProgress silent_;
  RecoverOptions options_;
};

TEST_F(RecoveredGguf, IsTheStudentWithOtherNumbersInWhatWasTrained) {
  for (const GgufType type : {GgufType::kF32, GgufType::kQ80}) {
    SCOPED_TRACE(gguf_block(type).name);
    fs::remove(place_ / "student.gguf");
    fs::remove(place_ / "dense.gguf");
    fs::remove_all(place_ / "out.gguf.recover");
    make_student(type);
    options_.targets = {"gate_proj", "up_proj", "down_proj"};
    RecoveryFiles wanted = files("out.gguf");
    wanted.force = true;
    const RecoveryReport report = recover(wanted);
    const double before = report.curve.front().held_out_divergence;
    const double after = report.curve.back().held_out_divergence;
    EXPECT_LT(after, 0.8 * before) << "KL on sampled text that was not trained on: " << before << " -> " << after;

    const GgufFile student = GgufFile::open(place_ / "student.gguf");
    const GgufFile recovered = GgufFile::open(place_ / "out.gguf");
    EXPECT_EQ(recovered.names(), student.names());
    for (const std::string& name : student.names()) {
      EXPECT_EQ(recovered.tensor(name).type, student.tensor(name).type) << name;
      const bool trained = name.find(".ffn_") != std::string::npos && !name.ends_with("norm.weight");
      EXPECT_EQ(recovered.read_blocks(name) == student.read_blocks(name), !trained) << name;
    }
    for (const std::string& key : student.keys()) {
      if (key.starts_with("prunenet.")) continue;
      EXPECT_TRUE(recovered.raw_value(key) == student.raw_value(key)) << key;
    }
    const Checkpoint model = open_gguf_checkpoint(place_ / "out.gguf");
    EXPECT_EQ(make_family(model)->config().layer_widths.size(), 4U);
  }
}

TEST_F(RecoveredGguf, SaysHowItWasMadeAndNothingOfTheClock) {
  options_.steps = 1;
  make_student(GgufType::kQ80);
  const RecoveryReport report = recover(files("a.gguf"));
  (void)recover(files("b.gguf"));
  EXPECT_EQ(sha256_file(place_ / "a.gguf"), sha256_file(place_ / "b.gguf"));
  EXPECT_TRUE(report.record.contains("run")) << "of the report, which is no part of the file";
  const GgufFile file = GgufFile::open(place_ / "a.gguf");
  EXPECT_FALSE(file.has(kGgufRecordKey)) << "its weights are not the record's";
  const auto record = nlohmann::json::parse(file.text(kGgufRecoveryKey));
  EXPECT_EQ(record.at("recover"), to_json(options_).at("recover"));
  EXPECT_EQ(record.at("pruning").at("plan").at("source"), "falling");
  EXPECT_EQ(record.at("student").at("intermediate_sizes").size(), 4U);
  EXPECT_EQ(record.at("inputs").at("student.gguf"), sha256_file(place_ / "student.gguf"));
  EXPECT_EQ(record.at("curve").size(), 2U);
}

TEST_F(RecoveredGguf, OutputsOfAnotherKindOrInTheWayAreRefused) {
  make_student(GgufType::kF32);
  expect_error(ErrorKind::kInvalidArgument, {"out", "student.gguf", ".gguf"}, [&] { recover(files("out")); });
  expect_error(ErrorKind::kInvalidArgument, {"student.gguf", "replace"}, [&] { recover(files("student.gguf")); });
  expect_error(ErrorKind::kAlreadyExists, {"dense.gguf", "--force"}, [&] { recover(files("dense.gguf")); });
  RecoveryFiles wanted = files("out.gguf");
  wanted.adapter = place_ / "adapter";
  expect_error(ErrorKind::kUnsupported, {"adapter", "student.gguf", "import"}, [&] { recover(wanted); });
  testing::prune_small_by_chance(place_ / "pruned");
  wanted = files("out.gguf");
  wanted.student = place_ / "pruned";
  expect_error(ErrorKind::kInvalidArgument, {"out.gguf", "pruned", "prunenet export"}, [&] { recover(wanted); });
  EXPECT_FALSE(fs::exists(place_ / "out.gguf.recover"));
}

TEST_F(RecoveredGguf, AWiderLayerIsRefused) {
  make_student(GgufType::kF32);
  RecoveryFiles wanted = files("out.gguf");
  wanted.teacher = wanted.student;
  wanted.student = place_ / "dense.gguf";
  expect_error(ErrorKind::kMismatch, {"layer 0", "wider", "exchanged"}, [&] { recover(wanted); });
}

}  // namespace
}  // namespace prunenet
