#include "prunenet/prune/bias_shift.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "prune/tiny_llama.h"
#include "prunenet/core/file.h"
#include "prunenet/prune/prune.h"
#include "support/expect_error.h"
#include "support/tensors.h"

namespace prunenet {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::float_tensor;

constexpr std::int64_t kHidden = 16;

Checkpoint biased() {
  return Checkpoint::open(fs::path(PRUNENET_TEST_DATA) / "models" / "llama-biased-untied");
}

Plan half_of_24() {
  Plan plan;
  plan.source = "test";
  plan.intermediate_size = 24;
  plan.requested_ratio = 0.5;
  for (int layer = 0; layer < 2; ++layer) plan.keep_indices.push_back({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  return plan;
}

/// Another shift for every layer and element.
std::vector<VectorF> two_shifts() {
  std::vector<VectorF> shifts;
  for (int layer = 0; layer < 2; ++layer) {
    shifts.emplace_back(VectorF::LinSpaced(kHidden, -0.5F, 1.0F + static_cast<float>(layer)));
  }
  return shifts;
}

PruneReport prune_to(const fs::path& output, const Checkpoint& checkpoint, const std::vector<VectorF>& down_bias) {
  PruneOptions options;
  options.output = output;
  options.down_bias = down_bias;
  SilentProgress silent;
  return prune_checkpoint(checkpoint, *make_family(checkpoint), half_of_24(), options, silent);
}

TEST(BiasShift, ChangesTheDownBiasesAndNothingElse) {
  const testing::TemporaryDirectory place;
  const Checkpoint dense = biased();
  const std::vector<VectorF> shifts = two_shifts();
  prune_to(place / "plain", dense, {});
  prune_to(place / "shifted", dense, shifts);
  const Checkpoint plain = Checkpoint::open(place / "plain");
  const Checkpoint changed = Checkpoint::open(place / "shifted");
  int biases = 0;
  for (const auto& [name, info] : plain.tensors()) {
    EXPECT_EQ(changed.tensors().at(name).dtype, info.dtype);
    if (!name.ends_with("down_proj.bias")) {
      EXPECT_EQ(changed.read(name).data, plain.read(name).data) << name;
      continue;
    }
    const VectorF& shift = shifts.at(name.find("layers.1.") == std::string::npos ? 0 : 1);
    const std::vector<float> before = to_floats(dense.read(name).data, info.dtype);
    const std::vector<float> after = to_floats(changed.read(name).data, info.dtype);
    ASSERT_EQ(after.size(), static_cast<std::size_t>(kHidden));
    for (std::size_t i = 0; i < after.size(); ++i) {
      EXPECT_EQ(after[i], before[i] + shift[static_cast<Eigen::Index>(i)]) << name << " " << i;
    }
    ++biases;
  }
  EXPECT_EQ(biases, 2);
  const auto record = [&](const char* name) {
    return nlohmann::json::parse(read_text_file(place / name / "prunenet.json"));
  };
  EXPECT_EQ(record("plain")["down_bias_changed"], false);
  EXPECT_EQ(record("shifted")["down_bias_changed"], true);
  EXPECT_THAT(read_text_file(place / "plain/README.md"), ::testing::HasSubstr("Every weight that was kept is unch"));
  EXPECT_THAT(read_text_file(place / "shifted/README.md"),
              ::testing::HasSubstr("The biases of the down projections make up for what was removed"));
}

TEST(BiasShift, SumIsRoundedToTheBiasesOwnType) {
  const VectorF shift = VectorF::Constant(2, 1.0F / 1024.0F);
  // One step of bfloat16 at 1 is 1/128, of half precision 1/1024.
  const HostTensor bfloat = shifted("b", float_tensor({2}, {1.0F, 0.0F}, Dtype::kBF16), shift);
  EXPECT_EQ(bfloat.info.dtype, Dtype::kBF16);
  EXPECT_EQ(to_floats(bfloat.data, Dtype::kBF16), (std::vector<float>{1.0F, 1.0F / 1024.0F}));
  const HostTensor half = shifted("b", float_tensor({2}, {1.0F, 0.0F}, Dtype::kF16), shift);
  EXPECT_EQ(to_floats(half.data, Dtype::kF16), (std::vector<float>{1.0F + 1.0F / 1024.0F, 1.0F / 1024.0F}));
}

TEST(BiasShiftErrors, SumThatTheTypeDoesNotHold) {
  const HostTensor bias = float_tensor({2}, {1.0F, 65504.0F}, Dtype::kF16);
  expect_error(ErrorKind::kNumerical, {"'the.bias'", "element 1", "65504", "F16"},
               [&] { (void)shifted("the.bias", bias, VectorF::Constant(2, 1e3F)); });
}

TEST(BiasShiftErrors, ShiftOrBiasThatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  VectorF shift = VectorF::Zero(2);
  shift(1) = nan;
  const HostTensor bias = float_tensor({2}, {1.0F, 2.0F}, Dtype::kF32);
  expect_error(ErrorKind::kNumerical, {"'the.bias'", "element 1", "2 + nan"},
               [&] { (void)shifted("the.bias", bias, shift); });
  const HostTensor damaged = float_tensor({2}, {infinity, 2.0F}, Dtype::kBF16);
  expect_error(ErrorKind::kNumerical, {"'the.bias'", "element 0", "inf + 0"},
               [&] { (void)shifted("the.bias", damaged, VectorF::Zero(2)); });
}

TEST(BiasShiftErrors, ArchitectureWithoutABias) {
  const testing::TemporaryDirectory place;
  testing::TinyLlama{}.write(place / "dense");
  const Checkpoint checkpoint = Checkpoint::open(place / "dense");
  expect_error(ErrorKind::kUnsupported, {"layer 0", "no bias", "LlamaForCausalLM"},
               [&] { (void)bias_shifts(*make_family(checkpoint), std::vector<VectorF>(2, VectorF::Zero(4))); });
}

TEST(BiasShiftErrors, ShapesOfAnotherModel) {
  const testing::TemporaryDirectory place;
  const Checkpoint dense = biased();
  std::vector<VectorF> one_layer = two_shifts();
  one_layer.pop_back();
  expect_error(ErrorKind::kMismatch, {"1 layers", "2"}, [&] { prune_to(place / "out", dense, one_layer); });
  std::vector<VectorF> short_vector = two_shifts();
  short_vector[1].conservativeResize(3);
  expect_error(ErrorKind::kMismatch, {"layer 1", "3", "16"}, [&] { prune_to(place / "out", dense, short_vector); });
  EXPECT_FALSE(fs::exists(place / "out"));
}

}  // namespace
}  // namespace prunenet
