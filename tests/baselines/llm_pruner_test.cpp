#include "prunenet/baselines/llm_pruner.h"

#include <gtest/gtest.h>

#include <cmath>

#include "baselines/loaded_model.h"

namespace prunenet {
namespace {

using testing::LoadedModel;

/// One layer whose attention writes nothing, so that the network is small enough to be written down.
struct HandMade {
  static constexpr std::int64_t kVocabulary = 11;
  static constexpr std::int64_t kHidden = 4;
  static constexpr std::int64_t kNeurons = 5;

  HandMade() {
    torch::manual_seed(8);
    config.vocab_size = kVocabulary;
    config.hidden_size = kHidden;
    config.intermediate_size = kNeurons;
    config.num_hidden_layers = 1;
    config.num_attention_heads = 2;
    config.num_key_value_heads = 2;
    config.head_dim = 2;
    config.rotary_dim = 2;
    config.max_position_embeddings = 32;
    DecoderLayerWeights layer;
    layer.attention_norm.gain = torch::ones({kHidden});
    layer.qkv = torch::randn({3 * kHidden, kHidden});
    layer.o_proj = torch::zeros({kHidden, kHidden});
    layer.ffn_norm.gain = torch::rand({kHidden}) + 0.5;
    layer.gate_up = torch::randn({2 * kNeurons, kHidden});
    layer.down = torch::randn({kHidden, kNeurons});
    weights.layers = {layer};
    weights.embedding = torch::randn({kVocabulary, kHidden});
    weights.final_norm.gain = torch::rand({kHidden}) + 0.5;
    weights.output_projection = torch::randn({kVocabulary, kHidden});
  }

  [[nodiscard]] torch::Tensor normalised(const torch::Tensor& x, const torch::Tensor& gain) const {
    return x / (x.square().mean(-1, true) + config.norm_eps).sqrt() * gain.to(torch::kFloat64);
  }

  /// Oracle: the mean loss as plain operations in double, for autograd.
  [[nodiscard]] torch::Tensor loss(const torch::Tensor& ids, const torch::Tensor& gate, const torch::Tensor& up,
                                   const torch::Tensor& down) const {
    const torch::Tensor stream =
        weights.embedding.to(torch::kFloat64).index_select(0, ids.slice(1, 0, ids.size(1) - 1).flatten());
    const torch::Tensor x = normalised(stream, weights.layers[0].ffn_norm.gain);
    const torch::Tensor g = x.matmul(gate.t());
    const torch::Tensor h = g * torch::sigmoid(g) * x.matmul(up.t());
    const torch::Tensor states = normalised(stream + h.matmul(down.t()), weights.final_norm.gain);
    const torch::Tensor logits = states.matmul(weights.output_projection.to(torch::kFloat64).t());
    return torch::nll_loss(logits.log_softmax(1), ids.slice(1, 1).flatten());
  }

  ModelConfig config;
  DecoderWeights weights;
};

class HandMadeTaylor : public ::testing::TestWithParam<Taylor> {};

TEST_P(HandMadeTaylor, EqualsAutogradOverPlainOperations) {
  const HandMade made;
  const CausalLm network(made.config, made.weights);
  const torch::Tensor ids = testing::random_ids(network, 40, 31);  // two batches of the backward pass
  const auto leaf = [](const torch::Tensor& weight) {
    return weight.to(torch::kFloat64, false, true).set_requires_grad(true);
  };
  const torch::Tensor gate = leaf(made.weights.layers[0].gate_up.slice(0, 0, HandMade::kNeurons));
  const torch::Tensor up = leaf(made.weights.layers[0].gate_up.slice(0, HandMade::kNeurons));
  const torch::Tensor down = leaf(made.weights.layers[0].down);
  made.loss(ids, gate, up, down).backward();

  SilentProgress silent;
  const torch::NoGradGuard no_grad;  // the library turns gradients on by itself
  const std::vector<torch::Tensor> importance = taylor_importance(network, ids, GetParam(), silent);
  ASSERT_EQ(importance.size(), 1U);
  for (std::int64_t i = 0; i < HandMade::kNeurons; ++i) {
    double expected = 0.0;
    for (const torch::Tensor& products :
         {gate[i] * gate.grad()[i], up[i] * up.grad()[i], down.select(1, i) * down.grad().select(1, i)}) {
      double plain = 0.0;
      double absolute = 0.0;
      for (std::int64_t j = 0; j < HandMade::kHidden; ++j) {
        plain += products[j].item<double>();
        absolute += std::abs(products[j].item<double>());
      }
      expected += GetParam() == Taylor::kParamFirst ? absolute : std::abs(plain);
    }
    EXPECT_NEAR(importance[0][i].item<double>(), expected, 1e-4 * expected + 1e-7);
  }
}

INSTANTIATE_TEST_SUITE_P(Taylor, HandMadeTaylor, ::testing::Values(Taylor::kParamFirst, Taylor::kVectorize),
                         [](const auto& test) {
                           return test.param == Taylor::kParamFirst ? "ParamFirst" : "Vectorize";
                         });

/// Mean loss of a model whose weight slices have been scaled.
double loss_with(const LoadedModel& model, const torch::Tensor& ids, std::size_t layer, bool rows, std::int64_t index,
                 double factor) {
  DecoderWeights weights = model.network.weights();
  torch::Tensor& weight = rows ? weights.layers[layer].gate_up : weights.layers[layer].down;
  weight = weight.clone();
  weight.select(rows ? 0 : 1, index).mul_(factor);
  return CausalLm(model.network.config(), weights).token_nll(ids).to(torch::kFloat64).mean().item<double>();
}

TEST(TaylorImportance, VectorizeIsTheSlopeOfScalingARow) {
  const LoadedModel model("llama-biased-untied");  // two layers with attention
  const torch::Tensor ids = testing::random_ids(model.network, 4, 20);
  SilentProgress silent;
  const std::vector<torch::Tensor> importance = taylor_importance(model.network, ids, Taylor::kVectorize, silent);
  const torch::NoGradGuard no_grad;
  constexpr double kStep = 0.05;
  for (std::size_t layer = 0; layer < 2; ++layer) {
    const double largest = importance[layer].max().item<double>();
    for (std::int64_t i = 0; i < 24; ++i) {
      const auto slope = [&](bool rows, std::int64_t index) {
        return std::abs(loss_with(model, ids, layer, rows, index, 1.0 + kStep) -
                        loss_with(model, ids, layer, rows, index, 1.0 - kStep)) /
               (2.0 * kStep);
      };
      const double expected = slope(true, i) + slope(true, 24 + i) + slope(false, i);
      // What float32 leaves of a difference of two losses.
      EXPECT_NEAR(importance[layer][i].item<double>(), expected, 0.03 * largest)
          << "layer " << layer << " neuron " << i;
    }
  }
}

TEST(TaylorImportance, LeavesTheModelAsItWas) {
  const LoadedModel model;
  const torch::Tensor ids = testing::random_ids(model.network, 2, 20);
  SilentProgress silent;
  const torch::Tensor before = model.network.logits(ids).clone();
  (void)taylor_importance(model.network, ids, Taylor::kParamFirst, silent);
  EXPECT_EQ(testing::largest_difference(model.network.logits(ids), before), 0.0);
  EXPECT_FALSE(model.layer(0).gate_up.requires_grad());
  EXPECT_FALSE(model.layer(0).down.grad().defined());
}

TEST(LlmPruner, KeepsTheMostImportant) {
  LoadedModel model;
  const torch::Tensor ids = testing::random_ids(model.network, 4, 20);
  for (const auto& [name, taylor] :
       {std::pair{"param_first", Taylor::kParamFirst}, {"vectorize", Taylor::kVectorize}}) {
    const std::vector<torch::Tensor> importance = taylor_importance(model.network, ids, taylor, model.silent);
    const Plan plan = model.plan({{"name", "llm-pruner"}, {"taylor", name}}, ids, 0.5);
    for (std::size_t layer = 0; layer < 2; ++layer) {
      const torch::Tensor scores = importance[layer].to(torch::kFloat64).contiguous();
      EXPECT_EQ(plan.keep_indices[layer],
                testing::largest({scores.data_ptr<double>(), scores.data_ptr<double>() + 24}, 12));
    }
  }
}

}  // namespace
}  // namespace prunenet
