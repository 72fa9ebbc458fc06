#include "prunenet/baselines/pruned_network.h"

#include <gtest/gtest.h>

#include <numeric>

#include "baselines/loaded_model.h"
#include "prunenet/model/sample.h"
#include "prunenet/prune/prune.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::LoadedModel;

// What rounding leaves where the same products are summed in another order.
constexpr double kTolerance = 1e-5;

Selection keeping(std::vector<std::vector<std::int64_t>> keep_indices) {
  Selection selection;
  selection.plan.source = "test";
  selection.plan.intermediate_size = 24;
  selection.plan.requested_ratio = 0.5;
  selection.plan.keep_indices = std::move(keep_indices);
  return selection;
}

std::vector<std::int64_t> every_third(std::int64_t start) {
  std::vector<std::int64_t> keep;
  for (std::int64_t i = start; i < 24; i += 3) keep.push_back(i);
  return keep;
}

std::vector<std::int64_t> all_neurons() {
  std::vector<std::int64_t> all(24);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// h of what is kept, and `removed` [I] in place of the rest.
FfnHook masking(const Selection& selection, const torch::Tensor& removed) {
  return [&selection, removed](const FfnActivations& at) {
    torch::Tensor h = removed.expand_as(at.h).clone();
    for (const std::int64_t i : selection.plan.keep_indices[static_cast<std::size_t>(at.layer)]) {
      h.select(1, i).copy_(at.h.select(1, i));
    }
    return h;
  };
}

class PrunedNetwork : public ::testing::TestWithParam<std::string> {};

TEST_P(PrunedNetwork, ComputesWhatTheWrittenCheckpointComputes) {
  const LoadedModel model(GetParam().c_str());
  Selection selection = keeping({every_third(0), every_third(1)});
  if (model.layer(0).down_bias.defined()) {
    selection.down_bias = {VectorF::LinSpaced(16, -0.3F, 0.2F), VectorF::LinSpaced(16, 0.1F, 0.4F)};
  }
  const testing::TemporaryDirectory place;
  PruneOptions options;
  options.output = place / "pruned";
  options.down_bias = selection.down_bias;
  SilentProgress silent;
  prune_checkpoint(model.checkpoint, *model.family, selection.plan, options, silent);

  const torch::NoGradGuard no_grad;
  const LoadedModel written(options.output);
  const CausalLm pruned = pruned_network(model.network, selection);
  const torch::Tensor ids = testing::random_ids(model.network, 3, 11);
  EXPECT_EQ(pruned.config().intermediate_size, 8);
  EXPECT_LT(testing::largest_difference(pruned.logits(ids), written.network.logits(ids)), 1e-6);
  EXPECT_GT(testing::largest_difference(pruned.logits(ids), model.network.logits(ids)), 1e-3);
}

TEST_P(PrunedNetwork, IsTheDenseModelWithMaskedActivations) {
  const LoadedModel model(GetParam().c_str());
  const Selection selection = keeping({every_third(2), all_neurons()});
  const torch::NoGradGuard no_grad;
  const torch::Tensor ids = testing::random_ids(model.network, 3, 11);
  const torch::Tensor masked = model.network.logits(ids, masking(selection, torch::zeros({24})));
  EXPECT_LT(testing::largest_difference(pruned_network(model.network, selection).logits(ids), masked), kTolerance);
  EXPECT_GT(testing::largest_difference(model.network.logits(ids), masked), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Families, PrunedNetwork, ::testing::ValuesIn(testing::tiny_model_names()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(PrunedNetworkLayers, MayBeEmptyOrOfOneNeuron) {
  const LoadedModel model("llama-biased-untied");
  const torch::NoGradGuard no_grad;
  const torch::Tensor ids = testing::random_ids(model.network, 3, 11);
  for (const Selection& selection :
       {keeping({{}, all_neurons()}), keeping({{3, 5}, {}}), keeping({{}, {}}), keeping({{23}, {0}})}) {
    const CausalLm pruned = pruned_network(model.network, selection);
    const torch::Tensor masked = model.network.logits(ids, masking(selection, torch::zeros({24})));
    EXPECT_LT(testing::largest_difference(pruned.logits(ids), masked), kTolerance);
    // And token by token, with a cache.
    KvCache cache(pruned.config(), 3, 11);
    torch::Tensor last;
    for (std::int64_t t = 0; t < 11; ++t) last = pruned.next_logits(ids.narrow(1, t, 1), cache);
    EXPECT_LT(testing::largest_difference(last, masked.select(1, 10)), kTolerance);
  }
}

TEST(PrunedNetworkLayers, MayHaveGradients) {
  const LoadedModel model;
  const torch::Tensor ids = testing::random_ids(model.network, 2, 11);
  const CausalLm pruned = pruned_network(model.network, keeping({{}, every_third(0)}));
  const torch::Tensor with_gradients = pruned.token_nll(ids).detach();
  const torch::NoGradGuard no_grad;
  EXPECT_LT(testing::largest_difference(with_gradients, pruned.token_nll(ids)), kTolerance);
}

TEST(PrunedNetworkBias, StandsForConstantActivations) {
  for (const char* name : {"llama-biased-untied", "llama-grouped-tied"}) {  // with a bias of its own, and without
    const LoadedModel model(name);
    const torch::NoGradGuard no_grad;
    torch::manual_seed(4);
    const torch::Tensor constant = torch::rand({24});
    Selection selection = keeping({every_third(0), every_third(1)});
    for (std::size_t layer = 0; layer < 2; ++layer) {
      torch::Tensor removed = constant.clone();
      for (const std::int64_t i : selection.plan.keep_indices[layer]) removed[i] = 0.0F;
      const torch::Tensor written = model.layer(layer).down.matmul(removed).contiguous();
      selection.down_bias.emplace_back(Eigen::Map<const VectorF>(written.data_ptr<float>(), written.numel()));
    }
    const torch::Tensor ids = testing::random_ids(model.network, 3, 11);
    const torch::Tensor expected = model.network.logits(ids, masking(selection, constant));
    EXPECT_LT(testing::largest_difference(pruned_network(model.network, selection).logits(ids), expected), kTolerance);
    selection.down_bias.clear();
    EXPECT_GT(testing::largest_difference(pruned_network(model.network, selection).logits(ids), expected), 1e-3);
  }
}

TEST(PrunedNetworkBias, LeavesTheDenseModelAsItWas) {
  const LoadedModel model("llama-biased-untied");
  const torch::NoGradGuard no_grad;
  const torch::Tensor ids = testing::random_ids(model.network, 3, 11);
  const torch::Tensor before = model.network.logits(ids).clone();
  Selection selection = keeping({every_third(0), every_third(1)});
  selection.down_bias = {VectorF::Ones(16), VectorF::Ones(16)};
  (void)pruned_network(model.network, selection).logits(ids);
  EXPECT_EQ(testing::largest_difference(model.network.logits(ids), before), 0.0);
}

TEST(PrunedNetworkErrors, SelectionOfAnotherModel) {
  const LoadedModel model;
  const auto prune = [&model](const Selection& selection) { (void)pruned_network(model.network, selection); };
  expect_error(ErrorKind::kMismatch, {"3 layers", "2 layers"}, [&] { prune(keeping({{0}, {0}, {0}})); });
  Selection wider = keeping({{0}, {0}});
  wider.plan.intermediate_size = 25;
  expect_error(ErrorKind::kMismatch, {"25", "24"}, [&] { prune(wider); });
  expect_error(ErrorKind::kInvalidArgument, {"neuron 24", "23"}, [&] { prune(keeping({{0}, {3, 24}})); });
  expect_error(ErrorKind::kInvalidArgument, {"neuron -1"}, [&] { prune(keeping({{-1}, {3}})); });
  Selection biased = keeping({{0}, {0}});
  biased.down_bias = {VectorF::Zero(16)};
  expect_error(ErrorKind::kMismatch, {"1 layers", "2 layers"}, [&] { prune(biased); });
  biased.down_bias = {VectorF::Zero(16), VectorF::Zero(15)};
  expect_error(ErrorKind::kMismatch, {"16 elements"}, [&] { prune(biased); });
}

}  // namespace
}  // namespace prunenet
