#include "prunenet/heal/one_shot.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "heal/random_states.h"
#include "model/tiny_models.h"
#include "prunenet/model/matrix_tensor.h"
#include "prunenet/probe/probe.h"
#include "prunenet/probe/write_probe.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::LoadedTinyModel;

/// A short text, of some tokens in sequences of 16 at most.
ProbeOptions text_of(std::int64_t tokens, std::int64_t held_out_tokens = 16) {
  ProbeOptions options;
  options.tokens = tokens;
  options.held_out_tokens = held_out_tokens;
  options.sequence_length = std::min<std::int64_t>(tokens, 16);
  return options;
}

Plan every_third(const ModelConfig& config) {
  Plan plan;
  plan.source = "test";
  plan.intermediate_size = config.intermediate_size;
  plan.keep_indices.resize(static_cast<std::size_t>(config.num_hidden_layers));
  for (std::vector<std::int64_t>& keep : plan.keep_indices) {
    for (std::int64_t i = 0; i < config.intermediate_size; i += 3) keep.push_back(i);
  }
  return plan;
}

HealedLayer unrounded(std::int64_t /*layer*/, HealedLayer healed) {
  return healed;
}

class OneShot : public ::testing::TestWithParam<std::string> {
 protected:
  ProbeFile probe(const ProbeOptions& options) {
    write_probe(place_ / "probe", tiny_.model, {.model_sha256 = "", .options = options, .seed = 3}, "tiny", Stopwatch(),
                silent_);
    return ProbeFile::open(place_ / "probe");
  }
  std::vector<HealedLayer> heal(const ProbeFile& file, const Plan& plan, const HealOptions& options) {
    std::vector<HealedLayer> layers;
    heal_in_one_shot(
        tiny_.checkpoint, *tiny_.family, plan, file, options, unrounded,
        [&layers](std::int64_t, const HealedLayer& healed) { layers.push_back(healed); }, silent_);
    return layers;
  }

  const LoadedTinyModel tiny_{GetParam()};
  const testing::TemporaryDirectory place_;
  SilentProgress silent_;
};

TEST_P(OneShot, TheFirstLayerIsThatOfTheSequentialForm) {
  const Plan plan = every_third(tiny_.model.config());
  const ProbeFile file = probe(text_of(512, 64));
  const HealOptions options{.lambdas = {1e-3}};
  const std::vector<HealedLayer> found = heal(file, plan, options);
  std::vector<HealedLayer> expected;
  heal_sequentially(
      tiny_.model, plan, file.text(), options, unrounded,
      [&expected](std::int64_t, const HealedLayer& healed) { expected.push_back(healed); }, silent_);
  ASSERT_EQ(found.size(), expected.size());
  const MatrixF cut = matrix_of(tiny_.model.weights().layers[0].down)(Eigen::all, plan.keep_indices[0]);
  const float residual = (found[0].down - expected[0].down).norm() / (expected[0].down - cut).norm();
  EXPECT_LT(residual, 1e-3F) << "moments of a probe are in single precision";
  EXPECT_NEAR(found[0].quality.error_before, expected[0].quality.error_before, 1e-4);
  EXPECT_NEAR(found[0].quality.held_out_after, expected[0].quality.held_out_after, 1e-4);
  if (found[0].down_bias.size() > 0) {
    EXPECT_LT((found[0].down_bias - expected[0].down_bias).norm(), 1e-3F * expected[0].down_bias.norm());
  }
}

INSTANTIATE_TEST_SUITE_P(Families, OneShot, ::testing::Values("llama-grouped-tied", "llama-biased-untied", "gpt2"),
                         testing::tiny_model_test_name);

using OneShotErrors = OneShot;

TEST_P(OneShotErrors, ProbesThatCannotBeUsed) {
  const Plan plan = every_third(tiny_.model.config());
  ProbeOptions packed = text_of(64);
  packed.exact_width = 0;
  expect_error(ErrorKind::kUnsupported, {"in a byte a pair", "exact_width of at least 24"},
               [&] { (void)heal(probe(packed), plan, {}); });
  expect_error(ErrorKind::kInvalidArgument, {"8 kept neurons", "7 tokens", "singular"},
               [&] { (void)heal(probe(text_of(7)), plan, {}); });
  const ProbeFile file = probe(text_of(64));
  Plan other = plan;
  other.intermediate_size = 25;
  expect_error(ErrorKind::kMismatch, {"25", "24"}, [&] { (void)heal(file, other, {}); });
}

INSTANTIATE_TEST_SUITE_P(Llama, OneShotErrors, ::testing::Values("llama-grouped-tied"), testing::tiny_model_test_name);

TEST(MomentsOfCut, AreThoseOfTheStates) {
  Rng rng(1);
  const MatrixF states = testing::random_matrix(rng, 40, 7).cast<float>();
  const MatrixF down = testing::random_matrix(rng, 3, 7).cast<float>();
  const std::vector<std::int64_t> keep{0, 2, 3, 6};
  const ResponseMoments probed{.mean = states.colwise().mean(), .second_moment = states.transpose() * states / 40.0F};
  const FitMoments found = moments_of_cut(probed, down, keep, true);
  const MatrixF kept = states(Eigen::all, keep);
  const MatrixF targets = states * down.transpose();
  const MatrixF errors = targets - kept * down(Eigen::all, keep).transpose();
  const auto difference = [](const auto& actual, const auto& expected) { return (actual - expected).norm(); };
  constexpr double kSingle = 1e-5;
  EXPECT_LT(difference(found.responses, (kept.transpose() * kept / 40.0F).cast<double>()), kSingle);
  EXPECT_LT(difference(found.errors, (errors.transpose() * kept / 40.0F).cast<double>()), kSingle);
  EXPECT_LT(difference(found.error_sum, errors.colwise().mean().transpose().cast<double>()), kSingle);
  EXPECT_NEAR(found.error, errors.squaredNorm() / 40.0F, kSingle);
  EXPECT_NEAR(found.target, targets.squaredNorm() / 40.0F, kSingle);
}

}  // namespace
}  // namespace prunenet
