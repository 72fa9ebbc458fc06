// What `features` writes is what the library computes.
#include <nlohmann/json.hpp>

#include <cstring>

#include "command_test.h"
#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/features/feature_extractor.h"

namespace prunenet::testing {
namespace {

class Features : public CommandTest {};

TEST_F(Features, AreThoseOfTheLibraryLayerByLayer) {
  run_well({"features", "--model", model("small"), "--out", "f.safetensors"});
  const SafetensorsFile file = SafetensorsFile::open(path("f.safetensors"));
  EXPECT_EQ(nlohmann::json::parse(file.metadata().at("names")), nlohmann::json(feature_names()));
  const Checkpoint checkpoint = Checkpoint::open(model("small"));
  const auto family = make_family(checkpoint);
  SilentProgress silent;
  std::int64_t layers = 0;
  extract_features(
      CheckpointWeights(checkpoint, *family),
      [&](std::int64_t layer, const MatrixF& features) {
        const HostTensor tensor = file.read("features." + std::to_string(layer));
        EXPECT_EQ(tensor.info.shape, (std::vector<std::int64_t>{features.rows(), features.cols()}));
        ASSERT_EQ(tensor.data.size(), static_cast<std::size_t>(features.size()) * sizeof(float));
        EXPECT_EQ(std::memcmp(tensor.data.data(), features.data(), tensor.data.size()), 0) << "layer " << layer;
        ++layers;
      },
      silent);
  EXPECT_EQ(file.tensors().size(), static_cast<std::size_t>(layers));
}

TEST_F(Features, ReplaceAFileOnlyWhereAsked) {
  write_file(path("f.safetensors"), "mine");
  expect_failure({"features", "--model", model("small"), "--out", "f.safetensors"}, 2, {"f.safetensors", "--force"});
  run_well({"features", "--model", model("small"), "--out", "f.safetensors", "--force"});
}

}  // namespace
}  // namespace prunenet::testing
