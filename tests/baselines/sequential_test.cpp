// Methods that look at the layers of a network in their order.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "baselines/trained_large.h"
#include "prunenet/baselines/block_influence.h"

namespace prunenet {
namespace {

using testing::all_activations;
using testing::TrainedLarge;

/// mean_j |D_ji| sqrt(E[h_i^2]), element by element.
std::vector<double> wanda_by_definition(const torch::Tensor& down, const torch::Tensor& h) {
  std::vector<double> scores;
  for (std::int64_t i = 0; i < h.size(1); ++i) {
    const double root_mean_square = std::sqrt(h.select(1, i).square().mean().item<double>());
    double sum = 0.0;
    for (std::int64_t j = 0; j < down.size(0); ++j) sum += std::abs(down[j][i].item<double>()) * root_mean_square;
    scores.push_back(sum / static_cast<double>(down.size(0)));
  }
  return scores;
}

/// The same selection with only the layers before `layers` pruned.
Selection first_layers_of(const Selection& selection, std::size_t layers) {
  Selection partial = selection;
  for (std::size_t layer = layers; layer < selection.plan.keep_indices.size(); ++layer) {
    std::vector<std::int64_t>& all = partial.plan.keep_indices[layer];
    all.resize(static_cast<std::size_t>(selection.plan.intermediate_size));
    std::iota(all.begin(), all.end(), 0);
  }
  return partial;
}

TEST(Wanda, ScoresALayerAsTheModelPrunedSoFarSeesIt) {
  TrainedLarge model;
  const torch::Tensor ids = model.calibration(4);
  const Selection selection = model.planner({{"name", "wanda-sp"}}, ids)->select(0.5, 1, 0, model.silent);
  const auto dense = all_activations(model.network, ids);
  int differs_from_dense = 0;
  for (std::size_t layer = 0; layer < 5; ++layer) {
    const CausalLm so_far = pruned_network(model.network, first_layers_of(selection, layer));
    const torch::Tensor& down = model.layer(layer).down;
    const std::vector<std::int64_t>& keep = selection.plan.keep_indices[layer];
    EXPECT_EQ(keep, testing::largest(wanda_by_definition(down, all_activations(so_far, ids)[layer]), 112))
        << "layer " << layer;
    if (keep != testing::largest(wanda_by_definition(down, dense[layer]), 112)) ++differs_from_dense;
  }
  EXPECT_GE(differs_from_dense, 2);  // or the order of layers would not matter, and nothing would be shown
}

/// The cosine of every token's stream before and after one FFN, in double.
double mean_cosine(const torch::Tensor& before, const torch::Tensor& after) {
  double sum = 0.0;
  for (std::int64_t t = 0; t < before.size(0); ++t) {
    const torch::Tensor a = before[t].to(torch::kFloat64);
    const torch::Tensor b = after[t].to(torch::kFloat64);
    sum += a.dot(b).item<double>() / std::sqrt(a.dot(a).item<double>() * b.dot(b).item<double>());
  }
  return sum / static_cast<double>(before.size(0));
}

TEST(BlockInfluence, IsOneMinusTheMeanCosineAcrossTheBlock) {
  const TrainedLarge model;
  SilentProgress silent;
  const torch::Tensor ids = model.calibration(9);  // two batches of a forward pass
  // With gains of one the final norm changes lengths alone, so that the last state has the stream's direction.
  DecoderWeights weights = model.network.weights();
  weights.final_norm.gain = torch::ones_like(weights.final_norm.gain);
  const CausalLm network(model.network.config(), weights);
  std::vector<torch::Tensor> before;
  (void)network.final_states(ids, [&before](const FfnActivations& at) {
    before.push_back(at.residual.clone());
    return at.h;
  });
  const std::vector<torch::Tensor> states = network.layer_states(ids);
  const std::vector<double> influences = block_influences(network, ids, silent);
  ASSERT_EQ(influences.size(), 5U);
  for (std::size_t layer = 0; layer < 5; ++layer) {
    const double expected = 1.0 - mean_cosine(before[layer], states[layer + 1].flatten(0, 1));
    EXPECT_NEAR(influences[layer], expected, 1e-5);
    EXPECT_GT(expected, 1e-3);
  }
}

TEST(BlockInfluence, RemovesTheWholeBlocksThatMatterLeast) {
  TrainedLarge model;
  const torch::Tensor ids = model.calibration(2);
  const std::vector<double> influences = block_influences(model.network, ids, model.silent);
  const auto planner = model.planner({{"name", "block-influence"}}, ids);
  const std::vector<std::pair<double, std::size_t>> removed_at{{0.0, 0},  {0.09, 0}, {0.2, 1},
                                                               {0.29, 1}, {0.35, 2}, {0.95, 5}};
  for (const auto& [ratio, removed] : removed_at) {
    const Plan plan = planner->select(ratio, 32, 0, model.silent).plan;
    const std::vector<std::int64_t> kept = testing::largest(influences, 5 - removed);
    for (std::size_t layer = 0; layer < 5; ++layer) {
      const bool whole = std::ranges::find(kept, static_cast<std::int64_t>(layer)) != kept.end();
      EXPECT_EQ(plan.keep_indices[layer].size(), whole ? 224U : 0U) << "ratio " << ratio << ", layer " << layer;
    }
    EXPECT_DOUBLE_EQ(plan.achieved_ratio(), static_cast<double>(removed) / 5.0);
    EXPECT_EQ(plan.requested_ratio, ratio);
  }
}

TEST(BlockInfluence, NetworkWithoutThoseBlocksStillComputes) {
  TrainedLarge model;
  const Selection selection =
      model.planner({{"name", "block-influence"}}, model.calibration(2))->select(0.2, 1, 0, model.silent);
  const double dense = model.log_perplexity(model.network);
  const double pruned = model.log_perplexity(pruned_network(model.network, selection));
  EXPECT_GT(pruned, dense);
  EXPECT_LT(pruned, std::log(512.0));  // better than no model at all
}

}  // namespace
}  // namespace prunenet
