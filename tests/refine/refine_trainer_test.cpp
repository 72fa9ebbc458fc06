#include "prunenet/refine/refine_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "prunenet/teach/distillation.h"
#include "refine/small_model.h"
#include "support/expect_error.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::refined_model;
using testing::small_refinement;
using testing::untrained_network;

/// Made once: features and text of the small model.
std::vector<RefinedModel>& small_models() {
  static std::vector<RefinedModel> models{refined_model(small_refinement())};
  return models;
}

void run(RefineTrainer& trainer, std::int64_t until = 1 << 20) {
  SilentProgress silent;
  while (!trainer.done() && trainer.completed_steps() < until) trainer.step(silent);
}

torch::Tensor flat(const PolicyNetwork& network) {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& parameter : network->parameters()) parts.push_back(parameter.detach().flatten().clone());
  return torch::cat(parts);
}

torch::Tensor flat_state(const RefineTrainer& trainer) {
  std::vector<torch::Tensor> parts;
  for (const auto& [name, tensor] : trainer.state().tensors) parts.push_back(tensor.flatten().to(torch::kFloat64));
  return torch::cat(parts);
}

torch::Tensor state_after(const RefineOptions& options) {
  RefineTrainer trainer(small_models(), untrained_network(), options);
  run(trainer);
  return flat_state(trainer);
}

TEST(RefineTrainer, LearnsWhatTheWholeModelCannotDoWithout) {
  RefineOptions options = small_refinement();
  options.steps = 60;
  options.tokens = 512;
  options.learning_rate = 1e-2;
  options.validate_every = 20;
  const PolicyNetwork start = untrained_network();
  RefineTrainer trainer(small_models(), start, options);
  run(trainer);
  const std::vector<RefinePoint>& curve = trainer.curve();
  ASSERT_EQ(curve.size(), 4U);
  EXPECT_EQ(curve.back().step, 60);
  EXPECT_LT(trainer.best_divergence(), 0.75 * curve.front().held_out_divergence)
      << "on sampled text that was not trained on, from " << curve.front().held_out_divergence;
  for (std::size_t ratio = 1; ratio < 3; ++ratio) {
    EXPECT_LT(curve.back().by_ratio[ratio], curve.front().by_ratio[ratio]);
    EXPECT_GT(curve.back().by_ratio[ratio], curve.back().by_ratio[ratio - 1]) << "more is lost where more goes";
  }
  EXPECT_FALSE(torch::equal(flat(trainer.best_policy()), flat(start)));
  EXPECT_TRUE(torch::equal(flat(start), flat(untrained_network()))) << "what it started from is not touched";
}

TEST(RefineTrainer, ValidationIsTheDivergenceOfTheModelPrunedByHand) {
  RefineOptions options = small_refinement();
  options.validation_ratios = {0.4};
  RefineTrainer trainer(small_models(), untrained_network(), options);
  run(trainer, 1);
  const RefinedModel& model = small_models().front();
  const torch::NoGradGuard no_grad;
  PolicyNetwork network = untrained_network();
  // The neurons that go are taken out of the down projections themselves.
  DecoderWeights weights = model.network.weights();
  for (std::size_t layer = 0; layer < weights.layers.size(); ++layer) {
    const torch::Tensor scores = network->forward(model.features[layer]);
    const std::int64_t neurons = scores.numel();
    const std::int64_t removed = neurons - static_cast<std::int64_t>(std::llround(0.6 * static_cast<double>(neurons)));
    weights.layers[layer].down =
        weights.layers[layer].down.clone().index_fill_(1, scores.argsort().narrow(0, 0, removed), 0.0);
  }
  const CausalLm pruned(model.network.config(), weights);
  const TextPool& pool = model.text.held_out;
  const TaughtBatch all = pool.batch(torch::arange(pool.sequences(), torch::kInt64));
  const double expected = distillation_loss(pruned.final_states(all.ids).flatten(0, 1), pruned.logit_rule(),
                                            all.teacher, all.next, {}, false)
                              .divergence /
                          static_cast<double>(pool.tokens());
  EXPECT_NEAR(trainer.curve().front().held_out_divergence / expected, 1.0, 1e-5);
}

TEST(RefineTrainer, HalvesOfAStepAndCheckpointsGiveTheSameGradient) {
  RefineOptions options = small_refinement();
  options.steps = 1;
  // The first moments after one step: the gradient, times 1 - beta.
  const auto gradient = [&options] {
    RefineTrainer trainer(small_models(), untrained_network(), options);
    run(trainer);
    std::vector<torch::Tensor> parts;
    for (const auto& [name, tensor] : trainer.state().tensors) {
      if (name.starts_with("moment1.")) parts.push_back(tensor.flatten());
    }
    return torch::cat(parts);
  };
  const torch::Tensor whole = gradient();
  options.gradient_checkpoints = true;
  EXPECT_TRUE(torch::equal(whole, gradient()));
  options.gradient_checkpoints = false;
  options.micro_batch_tokens = 128;
  const double residual = (whole - gradient()).abs().max().item<double>() / whole.abs().max().item<double>();
  EXPECT_LT(residual, 1e-4) << "the same sums in another order";
  EXPECT_GT(whole.abs().max().item<double>(), 0.0);
}

TEST(RefineTrainer, TheSameSeedGivesTheSameBitsAndAnotherDoesNot) {
  RefineOptions options = small_refinement();
  const torch::Tensor found = state_after(options);
  EXPECT_TRUE(torch::equal(found, state_after(options)));
  options.seed = 1;
  EXPECT_FALSE(torch::equal(found, state_after(options)));
}

TEST(RefineTrainer, ResumesToTheSameBits) {
  const RefineOptions options = small_refinement();
  RefineTrainer first(small_models(), untrained_network(), options);
  run(first, 2);
  RefineTrainer second(small_models(), untrained_network(), options);
  second.restore(first.state());
  EXPECT_EQ(second.completed_steps(), 2);
  run(second);
  EXPECT_TRUE(torch::equal(flat_state(second), state_after(options)));
  EXPECT_EQ(second.curve().size(), 3U);
}

TEST(RefineTrainer, AStepThatIsInterruptedHasNotBeenTaken) {
  RefineOptions options = small_refinement();
  options.micro_batch_tokens = 128;
  RefineTrainer trainer(small_models(), untrained_network(), options);
  class Stop final : public Progress {
   public:
    void begin(std::string_view /*stage*/, std::string_view /*unit*/, std::uint64_t /*total*/) override {}
    void advance(std::uint64_t /*units*/) override { throw Error(ErrorKind::kInterrupted, "stopped"); }
    void status(std::string_view /*text*/) override {}
    void note(std::string_view /*text*/) override {}
    void warn(std::string_view /*text*/) override {}
  } stop;
  EXPECT_THROW(trainer.step(stop), Error);
  EXPECT_EQ(trainer.completed_steps(), 0);
  run(trainer);
  EXPECT_TRUE(torch::equal(flat_state(trainer), state_after(options)));
}

TEST(RefineTrainer, LayersThatAreHeldOutDoNotTrain) {
  RefineOptions options = small_refinement();
  options.steps = 1;
  options.weight_decay = 0.0;
  // Only neurons of layer 1 have the first feature: what it weighs is learned from them alone.
  std::vector<RefinedModel> models = small_models();
  for (std::size_t layer = 0; layer < models.front().features.size(); ++layer) {
    torch::Tensor& features = models.front().features[layer];
    features = features.clone();
    features.select(1, 0).fill_(layer == 1 ? 1.0 : 0.0);
  }
  const PolicyNetwork start = untrained_network();
  const auto change_of_first_feature = [&] {
    RefineTrainer trainer(models, start, options);
    run(trainer);
    const torch::Tensor after = trainer.state().tensors.at("network.layers_0.weight");
    return (after - start->first_weight().detach()).select(1, 0).abs().max().item<double>();
  };
  EXPECT_GT(change_of_first_feature(), 0.0);
  options.folds = static_cast<std::int64_t>(models.front().features.size());
  options.held_out_fold = 1;
  EXPECT_EQ(change_of_first_feature(), 0.0);
  options.held_out_fold = 0;
  EXPECT_GT(change_of_first_feature(), 0.0);
}

TEST(RefineTrainer, LearnsHowLayersShareWhatStays) {
  RefineOptions options = small_refinement();
  options.learn = Refined::kBudget;
  options.steps = 40;
  options.tokens = 512;
  options.validate_every = 10;
  const PolicyNetwork start = untrained_network();
  RefineTrainer trainer(small_models(), start, options);
  run(trainer);
  EXPECT_LT(trainer.best_divergence(), 0.95 * trainer.curve().front().held_out_divergence);
  EXPECT_TRUE(torch::equal(flat(trainer.best_policy()), flat(start))) << "the network is left as it is";
  const Budget budget = trainer.best_budget();
  const auto [least, most] = std::ranges::minmax_element(budget.offsets);
  EXPECT_GT(*most - *least, 0.1);
  EXPECT_EQ(budget.floor, options.floor);

  // What was learned is where a trainer can start: it validates it first.
  options.steps = 1;
  RefineTrainer again(small_models(), start, options, budget);
  run(again);
  EXPECT_DOUBLE_EQ(again.curve().front().held_out_divergence, trainer.best_divergence());

  std::vector<RefinedModel> two{small_models().front(), small_models().front()};
  expect_error(ErrorKind::kInvalidArgument, {"one model", "2"}, [&] { RefineTrainer(two, start, options); });
}

TEST(RefineTrainer, ALearnedBudgetResumesToTheSameBits) {
  RefineOptions options = small_refinement();
  options.learn = Refined::kBudget;
  RefineTrainer first(small_models(), untrained_network(), options);
  run(first, 2);
  RefineTrainer second(small_models(), untrained_network(), options);
  second.restore(first.state());
  run(second);
  EXPECT_TRUE(torch::equal(flat_state(second), state_after(options)));
}

TEST(RefineTrainer, FoldsMustLeaveALayer) {
  RefineOptions options = small_refinement();
  options.folds = 2;
  std::vector<RefinedModel> shallow{refined_model(options)};
  RefinedModel& model = shallow.front();
  DecoderWeights weights = model.network.weights();
  weights.layers.resize(1);
  ModelConfig config = model.network.config();
  config.num_hidden_layers = 1;
  shallow.front() = {CausalLm(config, weights), {model.features.front()}, model.text};
  expect_error(ErrorKind::kInvalidArgument, {"2 folds", "no layer"},
               [&] { RefineTrainer(shallow, untrained_network(), options); });
}

TEST(RefineTrainer, OnAGpuTheFirstValidationIsTheSame) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "this libtorch finds no CUDA device";
  const RefineOptions options = small_refinement();
  const Checkpoint checkpoint = Checkpoint::open(testing::trained_model("small"));
  SilentProgress silent;
  std::vector<RefinedModel> there = small_models();
  there.front().network =
      CausalLm::load(checkpoint, *make_family(checkpoint), silent, {.device = torch::Device(torch::kCUDA)});
  RefineTrainer on_gpu(there, untrained_network(), options);
  RefineTrainer on_cpu(small_models(), untrained_network(), options);
  run(on_gpu, 1);
  run(on_cpu, 1);
  EXPECT_NEAR(on_gpu.curve().front().held_out_divergence, on_cpu.curve().front().held_out_divergence, 1e-3);
}

TEST(RefineTrainer, RefusesWhatDoesNotBelongTogether) {
  const RefineOptions options = small_refinement();
  std::vector<RefinedModel> none;
  expect_error(ErrorKind::kInvalidArgument, {"at least one model"},
               [&] { RefineTrainer(none, untrained_network(), options); });
  Rng rng(0);
  const PolicyNetwork other(7, NetworkOptions{.hidden = 4, .depth = 1}, rng);
  expect_error(ErrorKind::kMismatch, {"7 features"}, [&] { RefineTrainer(small_models(), other, options); });
  std::vector<RefinedModel> copy = small_models();
  copy.front().features.pop_back();
  expect_error(ErrorKind::kMismatch, {"layers"}, [&] { RefineTrainer(copy, untrained_network(), options); });
  copy = small_models();
  copy.front().text.training = {};
  expect_error(ErrorKind::kInvalidArgument, {"no text"}, [&] { RefineTrainer(copy, untrained_network(), options); });
  RefineTrainer trainer(small_models(), untrained_network(), options);
  run(trainer, 1);
  RefineOptions longer = options;
  longer.steps = 7;
  RefineTrainer another(small_models(), untrained_network(), longer);
  expect_error(ErrorKind::kMismatch, {"6 steps", "7"}, [&] { another.restore(trainer.state()); });
}

TEST(RefineTrainer, NamesTheStepOfALossThatIsNotFinite) {
  std::vector<RefinedModel> models = small_models();
  DecoderWeights weights = models.front().network.weights();
  weights.layers.front().down = torch::full_like(weights.layers.front().down, 1e38);
  models.front().network = CausalLm(models.front().network.config(), weights);
  RefineTrainer trainer(models, untrained_network(), small_refinement());
  SilentProgress silent;
  expect_error(ErrorKind::kNumerical, {"step 1 of 6"}, [&] { trainer.step(silent); });
}

}  // namespace
}  // namespace prunenet
