#include "prunenet/baselines/block_influence.h"

#include <gtest/gtest.h>

#include "model/tiny_models.h"
#include "prunenet/core/progress.h"

namespace prunenet {
namespace {

class BlockInfluenceOf : public ::testing::TestWithParam<std::string> {};

// A block's influence is how far the stream turns from where the FFN reads it to the end of the layer, which
// layer_states has: with multipliers, and with norms behind the FFN or on the stream.
TEST_P(BlockInfluenceOf, IsTheTurnOfTheStream) {
  const CausalLm model = testing::load_tiny_model(GetParam());
  const torch::Tensor ids = testing::random_ids(model, 3, 20);
  SilentProgress silent;
  const std::vector<double> influences = block_influences(model, ids, silent);
  std::vector<torch::Tensor> read;
  {
    const torch::NoGradGuard no_grad;
    (void)model.final_states(ids, [&read](const FfnActivations& at) {
      read.push_back(at.residual.clone());
      return at.h;
    });
  }
  const std::vector<torch::Tensor> states = model.layer_states(ids);
  ASSERT_EQ(influences.size(), read.size());
  for (std::size_t layer = 0; layer + 1 < read.size(); ++layer) {  // the last state has gone through the final norm
    const torch::Tensor after = states[layer + 1].reshape(read[layer].sizes());
    const double expected = 1.0 - at::cosine_similarity(read[layer], after, 1).mean().item<double>();
    EXPECT_NEAR(influences[layer], expected, 1e-5) << "layer " << layer;
    EXPECT_GT(influences[layer], 1e-4) << "the FFN writes something";
  }
}

INSTANTIATE_TEST_SUITE_P(Families, BlockInfluenceOf,
                         ::testing::Values("llama-grouped-tied", "granite", "gemma2", "olmo2", "opt", "opt-norm-behind",
                                           "gpt2"),
                         testing::tiny_model_test_name);

}  // namespace
}  // namespace prunenet
