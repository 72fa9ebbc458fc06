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

class TrainingFilesTest : public ::testing::Test {
 protected:
  void write_probe(const std::map<std::string, HostTensor>& tensors, const std::string& key = "p") const {
    write_safetensors(directory_ / "probe-0.safetensors", tensors, {{"key", key}});
  }
  void expect_refused(std::initializer_list<std::string> fragments, ErrorKind kind = ErrorKind::kBadInput) const {
    expect_error(kind, fragments, [&] { (void)files_.load_probe(0, 1, 2); });
  }

  testing::TemporaryDirectory directory_;
  TrainingDirectory files_{directory_.path(), {.probe = "p", .state = "s"}, true};
};

TEST_F(TrainingFilesTest, ProbesComeBackAsTheyWere) {
  EXPECT_FALSE(files_.load_probe(0, 1, 2).has_value());
  const ResponseMoments exact{.second_moment = MatrixF::Random(2, 2), .sketch = {}};
  const ResponseMoments sketch{.second_moment = {}, .sketch = MatrixF::Random(3, 2)};
  files_.save_probe(0, {.training = {exact}, .held_out = {sketch}});
  const auto loaded = files_.load_probe(0, 1, 2);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->training.at(0).second_moment, exact.second_moment);
  EXPECT_EQ(loaded->held_out.at(0).sketch, sketch.sketch);
}

TEST_F(TrainingFilesTest, AProbeOfAnotherTrainingIsRefused) {
  write_probe({}, "q");
  expect_refused({"probe-0.safetensors", "other models, recipe or seed"}, ErrorKind::kMismatch);
}

TEST_F(TrainingFilesTest, ProbesMustBeOfTheModel) {
  const HostTensor good = float_tensor({2, 2}, {1, 2, 3, 4});
  write_probe({{"training.0.second_moment", good}});
  expect_refused({"no tensor 'held_out.0.sketch'"});
  write_probe({{"training.0.second_moment", float_tensor({1, 2}, {1, 2})}});
  expect_refused({"'training.0.second_moment'", "[1, 2]", "2 columns and 2 rows"});
  write_probe({{"training.0.sketch", float_tensor({2, 3}, {1, 2, 3, 4, 5, 6})}});
  expect_refused({"'training.0.sketch'", "[2, 3]", "2 columns and some rows"});
  write_probe({{"training.0.sketch", float_tensor({0, 2}, {})}});
  expect_refused({"'training.0.sketch'", "[0, 2]"});
  write_probe({{"training.0.sketch", float_tensor({2, 2}, {1, 2, 3, 4}, Dtype::kBF16)}});
  expect_refused({"'training.0.sketch'", "BF16"});
}

TEST_F(TrainingFilesTest, StatesMustBeOfFloats) {
  write_safetensors(directory_ / "state.safetensors", {{"t", float_tensor({1}, {1}, Dtype::kF16)}}, {{"key", "s"}});
  expect_error(ErrorKind::kBadInput, {"state.safetensors", "'t' is not F32"}, [&] { (void)files_.load_state(); });
}

}  // namespace
}  // namespace prunenet
