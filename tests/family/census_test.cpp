#include "prunenet/family/census.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/core/dtype.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

std::filesystem::path models() {
  return std::filesystem::path(PRUNENET_TEST_DATA) / "models";
}

TEST(Census, PartsOfAnUntiedModelWithBiases) {
  const Checkpoint checkpoint = Checkpoint::open(models() / "llama-biased-untied");  // d 16, I 24, V 64, 2 layers
  const ParameterParts parts = count_parts(checkpoint, *make_family(checkpoint));
  EXPECT_EQ(parts.embedding, 64U * 16U);
  EXPECT_EQ(parts.output, 64U * 16U);
  EXPECT_EQ(parts.attention, 2U * 4U * (16U * 16U + 16U));
  EXPECT_EQ(parts.ffn, 2U * (3U * 24U * 16U + 24U + 24U + 16U));
  EXPECT_EQ(parts.other, 5U * 16U);  // norms
}

TEST(Census, PartsOfEveryFamilyAddUp) {
  for (const char* name : {"llama-grouped-tied", "opt-norm-behind", "gpt2", "falcon-new-decoder", "phi", "gemma3"}) {
    const Checkpoint checkpoint = Checkpoint::open(models() / name);
    const ParameterParts parts = count_parts(checkpoint, *make_family(checkpoint));
    EXPECT_EQ(parts.embedding + parts.attention + parts.ffn + parts.output + parts.other, checkpoint.parameters());
    EXPECT_LT(parts.other, 400U) << name << ": norms are few";
  }
}

/// A tiny model whose numbers are changed before they are looked at.
std::vector<std::string> oddities_of(const std::string& model, const std::string& tensor,
                                     const std::function<void(Eigen::Map<MatrixF>)>& change) {
  const testing::TemporaryDirectory directory;
  const Checkpoint checkpoint = Checkpoint::open(models() / model);
  std::filesystem::copy_file(models() / model / "config.json", directory / "config.json");
  std::vector<TensorDeclaration> tensors;
  for (const auto& [name, info] : checkpoint.tensors()) tensors.push_back({name, info.dtype, info.shape});
  SilentProgress silent;
  write_shards(
      directory.path(), split_into_shards(tensors),
      [&](const std::string& name) {
        const TensorInfo& info = checkpoint.tensors().at(name);
        if (name != tensor) return checkpoint.read(name).data;
        std::vector<float> values = to_floats(checkpoint.read(name).data, info.dtype);
        change({values.data(), info.shape[0], info.shape[1]});
        return from_floats(values, info.dtype);
      },
      silent);
  const Checkpoint changed = Checkpoint::open(directory.path());
  std::vector<std::string> found;
  for (const Oddity& oddity : find_oddities(changed, *make_family(changed), silent)) {
    found.push_back(oddity.tensor.empty() ? oddity.what : oddity.tensor + ": " + oddity.what);
  }
  return found;
}

TEST(Oddities, AreFoundWhereTheyAre) {
  const std::string width = "the intermediate size 24 is no multiple of 32; quantised formats want one";
  using Found = std::vector<std::string>;
  const std::string up = "model.layers.0.mlp.up_proj.weight";
  const std::string down = "model.layers.1.mlp.down_proj.weight";
  EXPECT_EQ(oddities_of("mistral", up, [](Eigen::Map<MatrixF>) {}), Found{width});
  EXPECT_EQ(oddities_of("mistral", up, [](Eigen::Map<MatrixF> rows) { rows(3, 2) = std::nanf(""); }),
            (Found{width, up + ": 1 number not finite"}));
  EXPECT_EQ(oddities_of("mistral", up,
                        [](Eigen::Map<MatrixF> rows) {
                          rows.row(3).setZero();
                          rows.row(5).setZero();
                          rows.row(7).setConstant(0.5F);
                        }),
            (Found{width, up + ": 2 neurons of zeros", up + ": 1 neuron of one number"}));
  EXPECT_EQ(oddities_of("mistral", down, [](Eigen::Map<MatrixF> rows) { rows.col(1).setZero(); }),
            (Found{width, down + ": 1 neuron of zeros"}));
  EXPECT_EQ(oddities_of("mistral", down, [](Eigen::Map<MatrixF> rows) { rows.row(1).setZero(); }), Found{width});
  const std::string transposed = "transformer.h.0.mlp.c_fc.weight";
  EXPECT_EQ(oddities_of("gpt2", transposed, [](Eigen::Map<MatrixF> rows) { rows.col(4).setZero(); }),
            (Found{width, transposed + ": 1 neuron of zeros"}));
}

}  // namespace
}  // namespace prunenet
