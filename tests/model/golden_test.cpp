#include <gtest/gtest.h>

#include "model/tiny_models.h"
#include "prunenet/model/sample.h"

namespace prunenet {
namespace {

// Differences to transformers are rounding only: float32 with numbers of order 1 to 10, sums of 16 to 64 terms.
constexpr double kTolerance = 2e-5;

class GoldenTest : public ::testing::TestWithParam<std::string> {
 protected:
  const CausalLm model_ = testing::load_tiny_model(GetParam());
  const std::map<std::string, torch::Tensor> golden_ = testing::load_golden(GetParam());
};

TEST_P(GoldenTest, LogitsWithAndWithoutGradientMode) {
  EXPECT_LT(testing::largest_difference(model_.logits(golden_.at("ids")), golden_.at("logits")), kTolerance);
  const torch::NoGradGuard no_grad;
  EXPECT_LT(testing::largest_difference(model_.logits(golden_.at("ids")), golden_.at("logits")), kTolerance);
}

TEST_P(GoldenTest, HiddenStatesOfEveryLayer) {
  if (!golden_.contains("states")) GTEST_SKIP() << "transformers reports states of different sizes";
  const std::vector<torch::Tensor> states = model_.layer_states(golden_.at("ids"));
  EXPECT_LT(testing::largest_difference(torch::stack(states), golden_.at("states")), kTolerance);
}

TEST_P(GoldenTest, TokenLikelihoods) {
  EXPECT_LT(testing::largest_difference(model_.token_nll(golden_.at("ids")), golden_.at("nll")), kTolerance);
}

TEST_P(GoldenTest, GreedyContinuation) {
  const torch::Tensor& expected = golden_.at("greedy");
  const torch::Tensor prompt = golden_.at("ids").slice(0, 0, 1).slice(1, 0, 4);
  Rng rng(1);
  SilentProgress progress;
  const SampleOptions options{.tokens = expected.size(1) - prompt.size(1), .temperature = 0.0};
  EXPECT_TRUE(torch::equal(sample(model_, prompt, options, rng, progress), expected));
}

TEST_P(GoldenTest, GradientsWithRespectToTheActivations) {
  std::vector<torch::Tensor> seen;
  const FfnHook hook = [&seen](const FfnActivations& at) {
    if (at.layer == 0) at.h.set_requires_grad(true);
    at.h.retain_grad();
    seen.push_back(at.h);
    return at.h;
  };
  model_.token_nll(golden_.at("ids"), hook).sum().backward();
  std::vector<torch::Tensor> gradients;
  const auto shape = golden_.at("h")[0].sizes().vec();
  for (const torch::Tensor& h : seen) gradients.push_back(h.grad().view(shape));
  for (torch::Tensor& h : seen) h = h.detach().view(shape);
  EXPECT_LT(testing::largest_difference(torch::stack(seen), golden_.at("h")), kTolerance);
  EXPECT_LT(testing::largest_difference(torch::stack(gradients), golden_.at("h_gradient")), kTolerance);
}

/// With y = D h + b, the gradient at h is D^T times that at y, wherever norms and multipliers stand.
TEST_P(GoldenTest, GradientsWithRespectToWhatTheFfnWrites) {
  std::vector<torch::Tensor> gradients(model_.weights().layers.size());
  const FfnOutputHook hook = [&gradients](std::int64_t layer, const torch::Tensor& y) {
    if (layer == 0) y.set_requires_grad(true);
    y.register_hook([&gradients, layer](const torch::Tensor& gradient) {
      gradients[static_cast<std::size_t>(layer)] = gradient.clone();
    });
  };
  model_.token_nll(golden_.at("ids"), {}, hook).sum().backward();
  const auto shape = golden_.at("h")[0].sizes().vec();
  for (std::size_t layer = 0; layer < gradients.size(); ++layer) {
    gradients[layer] = gradients[layer].matmul(model_.weights().layers[layer].down).view(shape);
  }
  EXPECT_LT(testing::largest_difference(torch::stack(gradients), golden_.at("h_gradient")), kTolerance);
}

INSTANTIATE_TEST_SUITE_P(Variants, GoldenTest, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

}  // namespace
}  // namespace prunenet
