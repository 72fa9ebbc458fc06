#include "prunenet/model/device.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/tiny_models.h"
#include "prunenet/model/sample.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::LoadedTinyModel;

// GPUs add up in another order, and their exp and tanh differ in the last bits: float32 with numbers of order 1 to 10.
constexpr double kTolerance = 1e-4;

TEST(Device, NamesAreThoseOfPyTorch) {
  EXPECT_EQ(parse_device("cpu"), torch::Device(torch::kCPU));
  for (const std::string name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1000", "cuda1", "CPU"}) {
    testing::expect_error(ErrorKind::kInvalidArgument, {fmt::format("'{}'", name), "cuda:N"},
                          [&] { (void)parse_device(name); });
  }
}

TEST(Device, OneThatIsNotThereIsRefused) {
  if (torch::cuda::is_available()) {
    testing::expect_error(ErrorKind::kUnsupported, {"cuda:99", "CUDA devices"}, [] { (void)parse_device("cuda:99"); });
    EXPECT_EQ(parse_device("cuda"), torch::Device(torch::kCUDA, 0));
  } else {
    testing::expect_error(ErrorKind::kUnsupported, {"'cuda'", "no CUDA device"}, [] { (void)parse_device("cuda"); });
  }
}

class OnDevice : public ::testing::TestWithParam<std::string> {};

/// Meta tensors have shapes and no numbers, and refuse to be computed with beside others: what a layer makes on its own
/// must lie where its weights do.
TEST_P(OnDevice, EveryTensorOfALayerLiesWhereItsWeightsDo) {
  const torch::NoGradGuard no_grad;
  const LoadedTinyModel tiny(GetParam());
  const ModelConfig& config = tiny.model.config();
  if (config.norm != NormKind::kRms) GTEST_SKIP() << "libtorch 1.13 has no layer norm of meta tensors";
  const std::vector<Segment> segments = {{0, 4, -1}, {4, 9, 0}, {9, 14, -1}};
  for (const RowLayout& layout : {uniform_layout(2, 7, 0), packed_layout(segments, 14)}) {
    const torch::Tensor positions = layout.positions.to(torch::kMeta);
    const RotaryAngles angles = rotary_angles(rotary_frequencies(config).to(torch::kMeta), positions);
    KvCache cache(config, 2, 7, torch::kMeta);
    for (KvCache* with : {static_cast<KvCache*>(nullptr), &cache}) {
      if (with != nullptr && layout.batch == 0) continue;
      const ForwardPass pass{config, layout, angles, angles, with, nullptr};
      for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
        const DecoderLayerWeights weights = load_decoder_layer(tiny.checkpoint, *tiny.family, layer, torch::kMeta);
        const torch::Tensor states = torch::empty({14, config.hidden_size}, torch::kMeta);
        const torch::Tensor after = decoder_layer(pass, layer, weights, states);
        EXPECT_TRUE(after.is_meta());
        EXPECT_EQ(after.sizes(), states.sizes());
      }
    }
  }
}

TEST_P(OnDevice, AGpuGivesTheNumbersOfTheCpu) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "there is no CUDA device";
  const torch::NoGradGuard no_grad;
  const CausalLm cpu = testing::load_tiny_model(GetParam());
  const torch::Tensor ids = testing::random_ids(cpu, 2, 11);
  for (const bool stream : {false, true}) {
    const LoadedTinyModel gpu(GetParam(), {.stream = stream, .device = torch::kCUDA});
    EXPECT_TRUE(gpu.model.final_states(ids).is_cuda());
    const torch::Tensor logits = gpu.model.logits(ids);
    EXPECT_TRUE(logits.is_cpu());
    EXPECT_LT(testing::largest_difference(logits, cpu.logits(ids)), kTolerance);
    EXPECT_LT(testing::largest_difference(gpu.model.token_nll(ids), cpu.token_nll(ids)), kTolerance);
    SilentProgress silent;
    Rng one(3);
    Rng other(3);
    const SampleOptions greedy{.tokens = 5, .temperature = 0.0};
    EXPECT_TRUE(torch::equal(sample(gpu.model, ids, greedy, one, silent), sample(cpu, ids, greedy, other, silent)));
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, OnDevice, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

}  // namespace
}  // namespace prunenet
