// Methods that look at activations of the dense model.

#include <gtest/gtest.h>

#include "baselines/loaded_model.h"
#include "prunenet/baselines/activation_moments.h"
#include "prunenet/baselines/pruned_network.h"
#include "prunenet/probe/probe.h"

namespace prunenet {
namespace {

using testing::all_activations;
using testing::LoadedModel;

/// More than one batch of a forward pass.
torch::Tensor long_text(const LoadedModel& model) {
  return testing::random_ids(model.network, 40, 60);
}

/// ||d_i||^2, element by element.
double column_energy(const torch::Tensor& down, std::int64_t i) {
  double energy = 0.0;
  for (std::int64_t row = 0; row < down.size(0); ++row) {
    const auto weight = down[row][i].item<double>();
    energy += weight * weight;
  }
  return energy;
}

/// Two passes over the tokens: the mean, then the mean of squared deviations from it.
double two_pass_variance(const torch::Tensor& h) {
  const double mean = h.sum().item<double>() / static_cast<double>(h.numel());
  return (h - mean).square().sum().item<double>() / static_cast<double>(h.numel());
}

TEST(ActivationMoments, EqualTwoPassesOverAllTokens) {
  const LoadedModel model("llama-biased-untied");
  SilentProgress silent;
  const torch::Tensor ids = long_text(model);
  const auto moments = activation_moments(model.network, ids, silent);
  const auto activations = all_activations(model.network, ids);
  ASSERT_EQ(moments.size(), 2U);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    ASSERT_EQ(activations[layer].sizes(), (std::vector<std::int64_t>{2400, 24}));
    for (std::int64_t i = 0; i < 24; ++i) {
      const torch::Tensor h = activations[layer].select(1, i);
      const double variance = two_pass_variance(h);
      // Batches differ from one pass by float rounding of the network.
      EXPECT_NEAR(moments[layer].mean[i].item<double>(), h.mean().item<double>(), 1e-6);
      EXPECT_NEAR(moments[layer].second_moment[i].item<double>(), h.square().mean().item<double>(), 1e-6);
      EXPECT_NEAR(moments[layer].variance[i].item<double>(), variance, 1e-5 * variance);
    }
  }
}

TEST(Flap, KeepsWhatFluctuatesMostTimesItsColumn) {
  LoadedModel model("llama-biased-untied");
  const torch::Tensor ids = long_text(model);
  const auto activations = all_activations(model.network, ids);
  const Plan plan = model.plan({{"name", "flap"}}, ids, 0.5);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    std::vector<double> scores;
    for (std::int64_t i = 0; i < 24; ++i) {
      scores.push_back(two_pass_variance(activations[layer].select(1, i)) * column_energy(model.layer(layer).down, i));
    }
    EXPECT_EQ(plan.keep_indices[layer], testing::largest(scores, 12));
  }
}

TEST(Flap, BiasKeepsTheMeanOfWhatTheFirstBlockWrites) {
  LoadedModel model("llama-biased-untied");
  const torch::Tensor ids = long_text(model);
  const Selection selection = model.planner({{"name", "flap"}, {"bias", true}}, ids)->select(0.5, 1, 0, model.silent);
  ASSERT_EQ(selection.down_bias.size(), 2U);
  const CausalLm pruned = pruned_network(model.network, selection);
  const auto mean_output = [&](const CausalLm& network) {
    const DecoderLayerWeights& weights = network.weights().layers[0];
    return all_activations(network, ids)[0].matmul(weights.down.t().to(torch::kFloat64)).mean(0) + weights.down_bias;
  };
  Selection plain = selection;
  plain.down_bias.clear();
  const torch::Tensor dense = mean_output(model.network);
  EXPECT_LT(testing::largest_difference(mean_output(pruned), dense), 1e-6);
  EXPECT_GT(testing::largest_difference(mean_output(pruned_network(model.network, plain)), dense), 1e-3);
}

TEST(Flap, BiasOfEveryLayerIsTheDenseMeanOfTheRemoved) {
  LoadedModel model("llama-biased-untied");
  const torch::Tensor ids = long_text(model);
  const auto activations = all_activations(model.network, ids);
  const auto planner = model.planner({{"name", "flap"}, {"bias", true}}, ids);
  for (const double ratio : {0.25, 0.5}) {
    const Selection selection = planner->select(ratio, 1, 0, model.silent);
    for (std::size_t layer = 0; layer < 2; ++layer) {
      const auto& keep = selection.plan.keep_indices[layer];
      for (std::int64_t row = 0; row < 16; ++row) {
        double expected = 0.0;
        for (std::int64_t i = 0; i < 24; ++i) {
          if (std::ranges::find(keep, i) != keep.end()) continue;
          expected +=
              model.layer(layer).down[row][i].item<double>() * activations[layer].select(1, i).mean().item<double>();
        }
        EXPECT_NEAR(selection.down_bias[layer][row], expected, 1e-6);
      }
    }
  }
}

TEST(Response, KeepsTheMostEnergyOnTheModelsOwnText) {
  LoadedModel model;
  const nlohmann::json probe{{"tokens", 400}, {"sequence_length", 50}};
  ProbeOptions options;
  options.tokens = 400;
  options.sequence_length = 50;
  options.held_out_tokens = 0;
  for (const std::uint64_t seed : {0U, 7U}) {
    const torch::Tensor text = sample_probe_text(model.network, options, seed, model.silent).training;
    const auto activations = all_activations(model.network, text);
    const Plan plan = model.plan({{"name", "response"}, {"probe", probe}}, {}, 0.5, seed);
    for (std::size_t layer = 0; layer < 2; ++layer) {
      std::vector<double> scores;
      for (std::int64_t i = 0; i < 24; ++i) {
        scores.push_back(activations[layer].select(1, i).square().mean().item<double>() *
                         column_energy(model.layer(layer).down, i));
      }
      EXPECT_EQ(plan.keep_indices[layer], testing::largest(scores, 12)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace prunenet
