#include "prunenet/train/training_model.h"

#include <gtest/gtest.h>

#include "prunenet/core/sha256.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

TEST(TrainingModel, IsKnownByItsNameHoweverItsPathIsWritten) {
  const std::filesystem::path small = testing::trained_model("small");
  const nlohmann::json expected = describe(open_training_model(small));
  EXPECT_EQ(expected.at("name"), "small");
  EXPECT_EQ(describe(open_training_model(small / "")), expected);
  EXPECT_EQ(describe(open_training_model(testing::trained_model("large") / ".." / "small" / ".")), expected);
}

TEST(TrainingModel, WeightsAreIdentifiedByTheDigestsOfTheirShards) {
  const std::filesystem::path small = testing::trained_model("small");
  const std::string digests = sha256_file(small / "model.safetensors") + "\n";
  EXPECT_EQ(weights_sha256(Checkpoint::open(small)), sha256_hex(std::as_bytes(std::span(digests))));
}

}  // namespace
}  // namespace prunenet
