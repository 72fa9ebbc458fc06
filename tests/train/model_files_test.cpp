#include "prunenet/train/model_files.h"

#include <gtest/gtest.h>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::float_tensor;

/// One layer of two neurons, three features each.
class ModelFilesTest : public ::testing::Test {
 protected:
  void write(const std::map<std::string, HostTensor>& tensors, std::map<std::string, std::string> metadata = {}) const {
    metadata.insert({{"key", "k"}, {"seconds", "1"}});
    write_safetensors(path_, tensors, metadata);
  }
  void expect_features_refused(std::initializer_list<std::string> fragments,
                               ErrorKind kind = ErrorKind::kBadInput) const {
    expect_error(kind, fragments, [&] { (void)load_features(path_, "k", 1, 2, 3); });
  }

  testing::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "file.safetensors";
};

TEST_F(ModelFilesTest, FeaturesComeBackAsTheyWere) {
  EXPECT_FALSE(load_features(path_, "k", 2, 5, 3).has_value());
  const SavedFeatures saved{.layers = {MatrixF::Random(5, 3), MatrixF::Random(5, 3)}, .seconds = 0.1};
  save_features(path_, "k", saved);
  const auto loaded = load_features(path_, "k", 2, 5, 3);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->layers, saved.layers);
  EXPECT_EQ(loaded->seconds, 0.1);
}

TEST_F(ModelFilesTest, OfAnotherKeyAreRefused) {
  write({}, {{"key", "other"}});
  expect_features_refused({"file.safetensors", "other models, recipe or seed"}, ErrorKind::kMismatch);
}

TEST_F(ModelFilesTest, FeaturesMustBeOfTheModel) {
  write({});
  expect_features_refused({"no tensor 'features.0'"});
  write({{"features.0", float_tensor({3, 2}, {1, 2, 3, 4, 5, 6})}});
  expect_features_refused({"'features.0'", "[3, 2]", "3 columns and 2 rows"});
}

TEST_F(ModelFilesTest, SecondsMustBeATime) {
  const HostTensor good = float_tensor({2, 3}, {1, 2, 3, 4, 5, 6});
  for (const char* seconds : {"", "soon", "-1", "nan", "inf", "1s"}) {
    write({{"features.0", good}}, {{"seconds", seconds}});
    expect_features_refused({"'seconds' is '" + std::string(seconds) + "'"});
  }
}

}  // namespace
}  // namespace prunenet
