#include <gtest/gtest.h>

#include "model/tiny_models.h"
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
  const FfnHook mask = [](std::int64_t /*layer*/, const torch::Tensor& /*x*/, const torch::Tensor& h) {
    torch::Tensor masked = h.clone();
    masked.select(1, kRemoved).zero_();
    return masked;
  };
  const torch::NoGradGuard no_grad;
  const torch::Tensor masked = model.token_nll(ids, mask);
  EXPECT_LT(testing::largest_difference(masked, without_neuron(model).token_nll(ids)), 1e-5);
  EXPECT_GT(testing::largest_difference(masked, model.token_nll(ids)), 1e-3);
}

TEST(FfnHook, SeesTheNormalisedInputAndItsActivations) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor ids = testing::random_ids(model, 2, 9);
  std::vector<std::int64_t> layers;
  const FfnHook check = [&](std::int64_t layer, const torch::Tensor& x, const torch::Tensor& h) {
    layers.push_back(layer);
    const DecoderLayerWeights& weights = model.weights().layers.at(static_cast<std::size_t>(layer));
    const std::vector<torch::Tensor> gate_up = x.matmul(weights.gate_up.t()).chunk(2, 1);
    EXPECT_LT(testing::largest_difference(h, torch::silu(gate_up[0]) * gate_up[1]), 1e-5);
    // The gain taken out, every row has a mean square of one.
    const torch::Tensor mean_square = (x / weights.ffn_norm).square().mean(1);
    EXPECT_LT(testing::largest_difference(mean_square, torch::ones_like(mean_square)), 1e-3);
    return h;
  };
  const torch::NoGradGuard no_grad;
  EXPECT_LT(testing::largest_difference(model.token_nll(ids, check), model.token_nll(ids)), 1e-6);
  EXPECT_EQ(layers, (std::vector<std::int64_t>{0, 1}));
}

TEST(FfnHook, GradientOfALayerIsTheDirectionalDerivative) {
  const CausalLm model = testing::load_tiny_model("llama-biased-untied");
  const torch::Tensor ids = testing::random_ids(model, 2, 9);
  torch::manual_seed(5);
  const torch::Tensor direction = torch::randn({16, 24});
  torch::Tensor gradient;
  const FfnHook mark = [&gradient](std::int64_t layer, const torch::Tensor& /*x*/, const torch::Tensor& h) {
    if (layer == 0) gradient = h.set_requires_grad(true);
    return h;
  };
  model.token_nll(ids, mark).sum().backward();
  const double slope = (gradient.grad() * direction).sum().item<double>();

  const torch::NoGradGuard no_grad;
  const auto loss_at = [&](double step) {
    const FfnHook shift = [&](std::int64_t layer, const torch::Tensor& /*x*/, const torch::Tensor& h) {
      return layer == 0 ? h + step * direction : h;
    };
    return model.token_nll(ids, shift).to(torch::kDouble).sum().item<double>();
  };
  constexpr double kStep = 1e-2;
  const double difference = (loss_at(kStep) - loss_at(-kStep)) / (2.0 * kStep);
  EXPECT_NEAR(slope, difference, 2e-2 * std::max(1.0, std::abs(difference)));
}

TEST(FfnHook, MustKeepTheShape) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor ids = testing::random_ids(model, 1, 4);
  testing::expect_error(ErrorKind::kInvalidArgument, {"layer 0", "[4, 23]", "[4, 24]"}, [&] {
    (void)model.logits(ids, [](std::int64_t, const torch::Tensor&, const torch::Tensor& h) { return h.slice(1, 1); });
  });
  testing::expect_error(ErrorKind::kInvalidArgument, {"none"}, [&] {
    (void)model.logits(ids, [](std::int64_t, const torch::Tensor&, const torch::Tensor&) { return torch::Tensor(); });
  });
}

}  // namespace
}  // namespace prunenet
