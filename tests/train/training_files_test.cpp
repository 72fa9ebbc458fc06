#include "prunenet/train/training_files.h"

#include <gtest/gtest.h>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::float_tensor;

TEST(TrainingFiles, StatesMustBeOfFloats) {
  const testing::TemporaryDirectory directory;
  const TrainingDirectory files(directory.path(), "s", true);
  write_safetensors(directory / "state.safetensors", {{"t", float_tensor({1}, {1}, Dtype::kF16)}}, {{"key", "s"}});
  expect_error(ErrorKind::kBadInput, {"state.safetensors", "'t' is not F32"}, [&] { (void)files.load_state(); });
}

TEST(TrainingFiles, AreThoseOfATrainingAndNothingElse) {
  const testing::TemporaryDirectory directory;
  for (const char* name : {"state.safetensors", "probe-0.safetensors", "features-0.safetensors", "text-0.safetensors",
                           "other-0.safetensors"}) {
    write_safetensors(directory / name, {}, {});
  }
  EXPECT_TRUE(has_training_files(directory.path()));
  remove_training_files(directory.path());
  EXPECT_FALSE(has_training_files(directory.path()));
  EXPECT_FALSE(std::filesystem::exists(directory / "features-0.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(directory / "other-0.safetensors"));
}

}  // namespace
}  // namespace prunenet
