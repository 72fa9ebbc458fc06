// Healing layer by layer, on tiny random models of every family.
#include "prunenet/heal/heal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "heal/random_states.h"
#include "model/tiny_models.h"
#include "prunenet/model/matrix_tensor.h"
#include "prunenet/prune/down_replacements.h"
#include "prunenet/prune/prune.h"
#include "support/expect_error.h"
#include "support/recording_progress.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::LoadedTinyModel;

ProbeText some_text(const CausalLm& model) {
  return {.training = testing::random_ids(model, 24, 12), .held_out = testing::random_ids(model, 8, 12, 2)};
}

Plan keeping(const ModelConfig& config, std::int64_t step, std::int64_t first = 0) {
  Plan plan;
  plan.source = "test";
  plan.intermediate_size = config.intermediate_size;
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    std::vector<std::int64_t>& keep = plan.keep_indices.emplace_back();
    for (std::int64_t i = (first + layer) % step; i < config.intermediate_size; i += step) keep.push_back(i);
  }
  return plan;
}

HealedLayer unrounded(std::int64_t /*layer*/, HealedLayer healed) {
  return healed;
}

std::vector<HealedLayer> heal(const CausalLm& model, const Plan& plan, const HealOptions& options = {},
                              const StoredLayer& stored = unrounded) {
  std::vector<HealedLayer> layers;
  SilentProgress silent;
  heal_sequentially(
      model, plan, some_text(model), options, stored,
      [&layers](std::int64_t layer, const HealedLayer& healed) {
        EXPECT_EQ(layer, static_cast<std::int64_t>(layers.size()));
        layers.push_back(healed);
      },
      silent);
  return layers;
}

/// The dense model with the neurons of the plan alone, and the first of `healed` in place of its down projections.
CausalLm network_of(const CausalLm& dense, const Plan& plan, const std::vector<HealedLayer>& healed) {
  DecoderWeights weights = dense.weights();
  for (std::size_t layer = 0; layer < weights.layers.size(); ++layer) {
    weights.layers[layer] = keep_neurons(weights.layers[layer], plan.keep_indices[layer]);
    if (layer >= healed.size()) continue;
    weights.layers[layer].down = tensor_of(healed[layer].down);
    if (healed[layer].down_bias.size() > 0) weights.layers[layer].down_bias = tensor_of(healed[layer].down_bias);
  }
  return {dense.config(), std::move(weights)};
}

class HealFamily : public ::testing::TestWithParam<std::string> {
 protected:
  const LoadedTinyModel tiny_{GetParam()};
  const CausalLm& model_ = tiny_.model;
};

TEST_P(HealFamily, WhatIsWrittenComputesWhatWasHealed) {
  const torch::NoGradGuard no_grad;
  const Plan plan = keeping(model_.config(), 3);
  const testing::TemporaryDirectory place;
  PruneOptions options;
  options.output = place / "pruned";
  options.replacements = place / "downs";
  DownReplacementWriter writer(options.replacements, stored_downs(tiny_.checkpoint, *tiny_.family), plan,
                               model_.config().hidden_size);
  const std::vector<HealedLayer> healed = heal(model_, plan, {}, [&](std::int64_t layer, HealedLayer fitted) {
    writer.round(static_cast<std::size_t>(layer), fitted.down, fitted.down_bias);
    return fitted;
  });
  for (std::size_t layer = 0; layer < healed.size(); ++layer) {
    writer.write(layer, healed[layer].down, healed[layer].down_bias);
    const FitQuality& quality = healed[layer].quality;
    EXPECT_LE(quality.error_after, quality.error_before) << "layer " << layer;
    EXPECT_LE(quality.held_out_after, quality.held_out_before) << "layer " << layer;
    EXPECT_GT(quality.error_before, 0.0);
  }
  writer.finish();
  SilentProgress silent;
  (void)prune_checkpoint(tiny_.checkpoint, *tiny_.family, plan, options, silent);

  const Checkpoint written = Checkpoint::open(options.output);
  const CausalLm loaded = CausalLm::load(written, *make_family(written), silent);
  const torch::Tensor ids = testing::random_ids(model_, 3, 11, 9);
  const torch::Tensor logits = loaded.logits(ids);
  EXPECT_LT(testing::largest_difference(logits, network_of(model_, plan, healed).logits(ids)), 1e-6);
  EXPECT_GT(testing::largest_difference(logits, network_of(model_, plan, {}).logits(ids)), 1e-4) << "as it was cut";
}

TEST_P(HealFamily, NothingRemovedIsNothingChanged) {
  const std::vector<HealedLayer> healed = heal(model_, keeping(model_.config(), 1));
  for (std::size_t layer = 0; layer < healed.size(); ++layer) {
    EXPECT_EQ(healed[layer].down, matrix_of(model_.weights().layers[layer].down)) << "residual: 0, bit for bit";
    EXPECT_EQ(healed[layer].quality.error_before, 0.0);
    EXPECT_FALSE(healed[layer].quality.lambda.has_value());
  }
}

TEST_P(HealFamily, StreamedItIsTheSameBitForBit) {
  const LoadedTinyModel streamed(GetParam(), {.stream = true});
  const Plan plan = keeping(model_.config(), 2);
  const std::vector<HealedLayer> expected = heal(model_, plan);
  const std::vector<HealedLayer> found = heal(streamed.model, plan);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t layer = 0; layer < found.size(); ++layer) {
    EXPECT_EQ(found[layer].down, expected[layer].down);
    EXPECT_EQ(found[layer].down_bias, expected[layer].down_bias);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, HealFamily, ::testing::ValuesIn(testing::tiny_model_names()),
                         testing::tiny_model_test_name);

/// What an FFN reads and answers, token by token: by hooks of a whole network.
struct Seen {
  MatrixD residual;
  MatrixD h;
};

Seen look(const CausalLm& network, const torch::Tensor& ids, std::int64_t layer) {
  const torch::NoGradGuard no_grad;
  Seen seen;
  (void)network.final_states(ids, [&](const FfnActivations& at) {
    if (at.layer == layer) seen = {matrix_of(at.residual).cast<double>(), matrix_of(at.h).cast<double>()};
    return at.h;
  });
  return seen;
}

class HealTarget : public ::testing::TestWithParam<double> {};

/// The second layer by the slow way: networks of their own for both streams, hooks, QR of the states.
TEST_P(HealTarget, IsTheDenseResponseAndAShareOfTheDistanceOfTheStreams) {
  for (const char* name : {"llama-grouped-tied", "llama-biased-untied"}) {
    const LoadedTinyModel tiny(name);
    const Plan plan = keeping(tiny.model.config(), 3);
    const std::vector<HealedLayer> healed = heal(tiny.model, plan, {.correction = GetParam(), .lambdas = {1e-3}});
    const torch::Tensor ids = some_text(tiny.model).training;
    const Seen dense = look(tiny.model, ids, 1);
    const Seen pruned = look(network_of(tiny.model, plan, {healed[0]}), ids, 1);
    const MatrixD down = matrix_of(tiny.model.weights().layers[1].down).cast<double>();
    const MatrixD cut = down(Eigen::all, plan.keep_indices[1]);
    const MatrixD errors =
        dense.h * down.transpose() + GetParam() * (dense.residual - pruned.residual) - pruned.h * cut.transpose();
    const bool bias = tiny.model.weights().layers[1].down_bias.defined();
    const Refit expected = testing::least_squares_by_qr(pruned.h, errors, 1e-3, bias);
    const MatrixD change = healed[1].down.cast<double>() - cut;
    ASSERT_TRUE(healed[1].quality.lambda.has_value());
    // Responses are computed in single precision.
    EXPECT_LT((change - expected.weight).norm() / expected.weight.norm(), 1e-3) << name;
    EXPECT_NEAR(healed[1].quality.error_before,
                errors.squaredNorm() / (errors + pruned.h * cut.transpose()).squaredNorm(), 1e-4);
    if (!bias) continue;
    const VectorF before = VectorF(matrix_of(tiny.model.weights().layers[1].down_bias.unsqueeze(1)));
    const VectorD shift = (healed[1].down_bias - before).cast<double>();
    EXPECT_LT((shift - expected.bias).norm() / expected.bias.norm(), 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Corrections, HealTarget, ::testing::Values(0.0, 0.5, 1.0));

TEST(Heal, BringsThePrunedModelCloserToTheDenseOne) {
  const torch::NoGradGuard no_grad;
  const LoadedTinyModel tiny("llama-biased-untied");
  const Plan plan = keeping(tiny.model.config(), 3);
  const torch::Tensor ids = some_text(tiny.model).held_out;
  const torch::Tensor dense = tiny.model.final_states(ids);
  const auto distance = [&](const CausalLm& network) {
    return (network.final_states(ids) - dense).norm().item<double>();
  };
  EXPECT_LT(distance(network_of(tiny.model, plan, heal(tiny.model, plan))), distance(network_of(tiny.model, plan, {})));
}

TEST(Heal, ReportsTheTokensOfItsText) {
  const LoadedTinyModel tiny("llama-grouped-tied");
  testing::RecordingProgress progress;
  heal_sequentially(
      tiny.model, keeping(tiny.model.config(), 3), some_text(tiny.model), {}, unrounded,
      [](std::int64_t, const HealedLayer&) {}, progress);
  EXPECT_EQ(progress.done, progress.totals);
}

TEST(HealErrors, StatesThatAreNotFinite) {
  const LoadedTinyModel tiny("llama-grouped-tied");
  DecoderWeights weights = tiny.model.weights();
  weights.layers[1].down = weights.layers[1].down.clone();
  weights.layers[1].down[0][0] = std::numeric_limits<float>::quiet_NaN();
  const CausalLm damaged(tiny.model.config(), std::move(weights));
  expect_error(ErrorKind::kNumerical, {"layer 1", "288 tokens", "nan", "damaged"},
               [&] { (void)heal(damaged, keeping(damaged.config(), 3)); });
}

TEST(HealErrors, WhatDoesNotGoTogether) {
  const LoadedTinyModel tiny("llama-grouped-tied");
  const ModelConfig& config = tiny.model.config();
  expect_error(ErrorKind::kInvalidArgument, {"correction of 2"},
               [&] { (void)heal(tiny.model, keeping(config, 3), {.correction = 2.0}); });
  expect_error(ErrorKind::kInvalidArgument, {"no lambda"},
               [&] { (void)heal(tiny.model, keeping(config, 3), {.lambdas = {}}); });
  expect_error(ErrorKind::kInvalidArgument, {"lambda -1"}, [&] {
    (void)heal(tiny.model, keeping(config, 3), {.lambdas = {0.1, -1.0}});
  });
  Plan other = keeping(config, 3);
  other.keep_indices.pop_back();
  expect_error(ErrorKind::kMismatch, {"1 layers", "2"}, [&] { (void)heal(tiny.model, other); });
}

TEST(HealErrors, FewerTokensThanNeurons) {
  const LoadedTinyModel tiny("llama-grouped-tied");
  const Plan plan = keeping(tiny.model.config(), 1);
  expect_error(ErrorKind::kInvalidArgument, {"24 kept neurons", "23 tokens", "singular", "at least 24"},
               [&] { require_tokens(plan, 23); });
  require_tokens(plan, 24);
}

}  // namespace
}  // namespace prunenet
