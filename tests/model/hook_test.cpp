#include <gtest/gtest.h>

#include "model/tiny_models.h"
#include "prunenet/model/normalise.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

constexpr std::int64_t kRemoved = 5;

/// The model without neuron kRemoved of every layer: its weights zero in gate and up rows and in the down column.
CausalLm without_neuron(const CausalLm& model) {
  DecoderWeights weights = model.weights();
  for (DecoderLayerWeights& layer : weights.layers) {
    layer.down = layer.down.clone();
    layer.down.select(1, kRemoved).zero_();
  }
  return {model.config(), weights};
}

TEST(FfnHook, MaskingANeuronIsRemovingItsDownColumn) {
  const CausalLm model = testing::load_tiny_model("llama-biased-untied");
  const torch::Tensor ids = testing::random_ids(model, 2, 9);
  const FfnHook mask = [](const FfnActivations& at) {
    torch::Tensor masked = at.h.clone();
    masked.select(1, kRemoved).zero_();
    return masked;
  };
  const torch::NoGradGuard no_grad;
  const torch::Tensor masked = model.token_nll(ids, mask);
  EXPECT_LT(testing::largest_difference(masked, without_neuron(model).token_nll(ids)), 1e-5);
  EXPECT_GT(testing::largest_difference(masked, model.token_nll(ids)), 1e-3);
}

TEST(FfnHook, SeesTheStreamItsNormalisedFormAndTheActivations) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor ids = testing::random_ids(model, 2, 9);
  std::vector<std::int64_t> layers;
  torch::Tensor after;  // the stream behind the FFN
  const FfnHook check = [&](const FfnActivations& at) {
    layers.push_back(at.layer);
    const DecoderLayerWeights& weights = model.weights().layers.at(static_cast<std::size_t>(at.layer));
    const torch::Tensor& x = at.x;
    EXPECT_LT(testing::largest_difference(x, normalise(model.config(), weights.ffn_norm, at.residual)), 1e-6);
    const std::vector<torch::Tensor> gate_up = x.matmul(weights.gate_up.t()).chunk(2, 1);
    EXPECT_LT(testing::largest_difference(at.h, torch::silu(gate_up[0]) * gate_up[1]), 1e-5);
    after = at.residual + at.h.matmul(weights.down.t());
    // The gain taken out, every row has a mean square of one.
    const torch::Tensor mean_square = (x / weights.ffn_norm.gain).square().mean(1);
    EXPECT_LT(testing::largest_difference(mean_square, torch::ones_like(mean_square)), 1e-3);
    return at.h;
  };
  const torch::NoGradGuard no_grad;
  const torch::Tensor states = model.final_states(ids, check).flatten(0, 1);
  EXPECT_LT(testing::largest_difference(states, model.final_states(ids).flatten(0, 1)), 1e-6);
  EXPECT_LT(testing::largest_difference(states, normalise(model.config(), model.weights().final_norm, after)), 1e-5);
  EXPECT_EQ(layers, (std::vector<std::int64_t>{0, 1}));
}

TEST(FfnOutputHook, SeesWhatTheDownProjectionsWriteAndChangesNothing) {
  const CausalLm model = testing::load_tiny_model("llama-biased-untied");
  const torch::Tensor ids = testing::random_ids(model, 2, 9);
  std::vector<torch::Tensor> expected;
  const FfnHook answers = [&](const FfnActivations& at) {
    const DecoderLayerWeights& weights = model.weights().layers.at(static_cast<std::size_t>(at.layer));
    expected.push_back(at::linear(at.h, weights.down, weights.down_bias));
    return at.h;
  };
  std::vector<torch::Tensor> seen;
  const FfnOutputHook see = [&seen](std::int64_t layer, const torch::Tensor& y) {
    EXPECT_EQ(layer, static_cast<std::int64_t>(seen.size()));
    seen.push_back(y.clone());
  };
  const torch::NoGradGuard no_grad;
  const torch::Tensor losses = model.token_nll(ids, answers, see);
  EXPECT_LT(testing::largest_difference(losses, model.token_nll(ids)), 1e-5);
  ASSERT_EQ(seen.size(), expected.size());
  EXPECT_LT(testing::largest_difference(torch::stack(seen), torch::stack(expected)), 1e-6);
}

TEST(FfnHook, GradientOfALayerIsTheDirectionalDerivative) {
  const CausalLm model = testing::load_tiny_model("llama-biased-untied");
  const torch::Tensor ids = testing::random_ids(model, 2, 9);
  torch::manual_seed(5);
  const torch::Tensor direction = torch::randn({16, 24});
  torch::Tensor gradient;
  const FfnHook mark = [&gradient](const FfnActivations& at) {
    if (at.layer == 0) gradient = at.h.set_requires_grad(true);
    return at.h;
  };
  model.token_nll(ids, mark).sum().backward();
  const double slope = (gradient.grad() * direction).sum().item<double>();

  const torch::NoGradGuard no_grad;
  const auto loss_at = [&](double step) {
    const FfnHook shift = [&](const FfnActivations& at) { return at.layer == 0 ? at.h + step * direction : at.h; };
    return model.token_nll(ids, shift).to(torch::kDouble).sum().item<double>();
  };
  constexpr double kStep = 1e-2;
  const double difference = (loss_at(kStep) - loss_at(-kStep)) / (2.0 * kStep);
  EXPECT_NEAR(slope, difference, 2e-2 * std::max(1.0, std::abs(difference)));
}

TEST(FfnHook, MustKeepTheShape) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor ids = testing::random_ids(model, 1, 4);
  testing::expect_error(ErrorKind::kInvalidArgument, {"layer 0", "[4, 23]", "[4, 24]"},
                        [&] { (void)model.logits(ids, [](const FfnActivations& at) { return at.h.slice(1, 1); }); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"none"},
                        [&] { (void)model.logits(ids, [](const FfnActivations&) { return torch::Tensor(); }); });
}

}  // namespace
}  // namespace prunenet
