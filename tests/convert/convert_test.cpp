#include <gtest/gtest.h>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/convert/export_model.h"
#include "prunenet/convert/import_model.h"
#include "prunenet/family/gguf_store.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

using testing::expect_error;

class Convert : public ::testing::Test {
 protected:
  [[nodiscard]] static std::filesystem::path small() { return testing::trained_model("small"); }
  ExportReport write_gguf(const std::filesystem::path& file, const ExportOptions& options = {}) {
    return export_model(small(), file, options, silent_);
  }
  [[nodiscard]] static std::vector<float> floats(const Checkpoint& checkpoint, const std::string& name) {
    const HostTensor tensor = checkpoint.read(name);
    return to_floats(tensor.data, tensor.info.dtype);
  }
  static void expect_equal_weights(const std::filesystem::path& made) {
    const Checkpoint before = open_checkpoint(small());
    const Checkpoint after = open_checkpoint(made);
    ASSERT_EQ(after.tensors().size(), before.tensors().size());
    for (const auto& [name, info] : before.tensors()) EXPECT_EQ(floats(after, name), floats(before, name)) << name;
  }

  testing::TemporaryDirectory place_;
  SilentProgress silent_;
};

TEST_F(Convert, ThereAndBackAgainIsTheSameModel) {
  const ExportReport report = write_gguf(place_ / "m.gguf", {.type = GgufType::kF32});
  EXPECT_EQ(report.architecture, "llama");
  EXPECT_EQ(report.type, GgufType::kF32);
  EXPECT_TRUE(report.losses.empty());
  import_model(place_ / "m.gguf", place_ / "m", {}, silent_);
  expect_equal_weights(place_ / "m");
}

TEST_F(Convert, ADirectoryIsCopiedWithoutWhatBelongsToNoModel) {
  import_model(small(), place_ / "copy", {}, silent_);
  testing::write_file(place_ / "copy" / "pytorch_model.bin", "pickled");
  testing::write_file(place_ / "copy" / "LICENSE", "free");
  import_model(place_ / "copy", place_ / "again", {}, silent_);
  expect_equal_weights(place_ / "again");
  EXPECT_FALSE(std::filesystem::exists(place_ / "again" / "pytorch_model.bin"));
  EXPECT_TRUE(std::filesystem::exists(place_ / "again" / "LICENSE"));
}

TEST_F(Convert, AGgufFileKeepsItsTokenizerAndTakesItsName) {
  write_gguf(place_ / "first.gguf", {.type = GgufType::kF32});
  export_model(place_ / "first.gguf", place_ / "second.gguf", {.type = GgufType::kQ80}, silent_);
  const GgufFile first = GgufFile::open(place_ / "first.gguf");
  const GgufFile second = GgufFile::open(place_ / "second.gguf");
  EXPECT_EQ(first.text("general.name"), "small");
  EXPECT_EQ(second.text("general.name"), "first");
  EXPECT_EQ(second.raw_value("tokenizer.ggml.tokens"), first.raw_value("tokenizer.ggml.tokens"));
}

TEST_F(Convert, WhatIsInTheWay) {
  expect_error(ErrorKind::kInvalidArgument, {"m.bin", "ends in .gguf"}, [&] { write_gguf(place_ / "m.bin"); });
  write_gguf(place_ / "m.gguf");
  expect_error(ErrorKind::kAlreadyExists, {"m.gguf"}, [&] { write_gguf(place_ / "m.gguf"); });
  write_gguf(place_ / "m.gguf", {.force = true});
  expect_error(ErrorKind::kInvalidArgument, {"the model it is made from"},
               [&] { export_model(place_ / "m.gguf", place_ / "m.gguf", {.force = true}, silent_); });
  expect_error(ErrorKind::kInvalidArgument, {"only read"},
               [&] { import_model(small(), small() / "inner", {}, silent_); });
  expect_error(ErrorKind::kInvalidArgument, {"float64", "bfloat16"}, [&] { (void)parse_import_dtype("float64"); });
}

}  // namespace
}  // namespace prunenet
