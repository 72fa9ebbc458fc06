#include "prunenet/model/sample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model/tiny_models.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

torch::Tensor draw(const CausalLm& model, const torch::Tensor& prompts, const SampleOptions& options,
                   std::uint64_t seed) {
  Rng rng(seed);
  SilentProgress progress;
  return sample(model, prompts, options, rng, progress);
}

TEST(Sample, ASeedGivesTheSameTextAndAnotherSeedAnother) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor prompts = start_prompts(model.config(), 4);
  const torch::Tensor first = draw(model, prompts, {.tokens = 12}, 1);
  EXPECT_EQ(first.sizes(), (torch::IntArrayRef{4, 13}));
  EXPECT_TRUE(torch::equal(first, draw(model, prompts, {.tokens = 12}, 1)));
  EXPECT_FALSE(torch::equal(first, draw(model, prompts, {.tokens = 12}, 2)));
  EXPECT_TRUE(torch::equal(first.slice(1, 0, 1), prompts));
}

TEST(Sample, FrequenciesAreTheModelsProbabilities) {
  const CausalLm model = testing::load_tiny_model();
  for (const double temperature : {1.0, 2.0}) {
    constexpr std::int64_t kDraws = 20'000;
    const torch::Tensor prompts = torch::full({kDraws, 1}, 7, torch::kInt64);
    const torch::Tensor drawn = draw(model, prompts, {.tokens = 1, .temperature = temperature}, 3).select(1, 1);
    const torch::Tensor p = torch::softmax(model.logits(prompts.slice(0, 0, 1))[0][0] / temperature, 0);
    const torch::Tensor frequency = torch::bincount(drawn, {}, 64).to(torch::kFloat) / kDraws;
    // Five standard errors of a binomial frequency, and one count where nearly nothing is expected.
    const torch::Tensor bound = 5.0 * (p * (1.0 - p) / kDraws).sqrt() + 1.0 / kDraws;
    EXPECT_LT(((frequency - p).abs() - bound).max().item<double>(), 0.0) << "temperature " << temperature;
  }
}

TEST(Sample, AlmostNoTemperatureIsGreedy) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor prompts = testing::random_ids(model, 3, 4);
  EXPECT_TRUE(torch::equal(draw(model, prompts, {.tokens = 8, .temperature = 1e-4}, 1),
                           draw(model, prompts, {.tokens = 8, .temperature = 0.0}, 1)));
}

/// The model with another end token.
CausalLm with_end_token(const CausalLm& model, std::int64_t id) {
  ModelConfig config = model.config();
  config.eos_token_ids = {id};
  return {config, model.weights()};
}

TEST(Sample, StopsWhenItsSequenceHasEnded) {
  const CausalLm tiny = testing::load_tiny_model();
  const torch::Tensor prompt = testing::random_ids(tiny, 1, 4);
  const torch::Tensor free_running = draw(tiny, prompt, {.tokens = 10}, 1)[0];
  // What was drawn third is declared an end token.
  const torch::Tensor end = free_running[6];
  const CausalLm model = with_end_token(tiny, end.item<std::int64_t>());
  const torch::Tensor stopped = draw(model, prompt, {.tokens = 10, .stop_at_eos = true}, 1)[0];
  EXPECT_LE(stopped.size(0), 7);
  EXPECT_TRUE(torch::equal(stopped, free_running.slice(0, 0, stopped.size(0))));
  EXPECT_TRUE(torch::equal(stopped[-1], end));
}

TEST(Sample, ASequenceThatHasEndedRepeatsItsEndToken) {
  const CausalLm tiny = testing::load_tiny_model();
  const torch::Tensor prompts = testing::random_ids(tiny, 3, 4);
  const torch::Tensor free_running = draw(tiny, prompts, {.tokens = 10}, 1);
  const torch::Tensor end = free_running[0][6];
  const CausalLm model = with_end_token(tiny, end.item<std::int64_t>());
  const torch::Tensor ended = draw(model, prompts, {.tokens = 10, .stop_at_eos = true}, 1);
  const torch::Tensor first = ended[0].slice(0, 6);
  EXPECT_TRUE(torch::equal(ended.slice(1, 0, 6), free_running.slice(1, 0, 6)));
  EXPECT_TRUE(torch::equal(first, end.expand_as(first)));
}

TEST(Sample, LogitsThatAreNotFinite) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor prompts = start_prompts(model.config(), 2);
  DecoderWeights damaged = model.weights();
  damaged.final_norm.gain = damaged.final_norm.gain * std::numeric_limits<float>::quiet_NaN();
  const CausalLm broken(model.config(), damaged);
  for (const double temperature : {0.0, 1.0}) {
    testing::expect_error(ErrorKind::kNumerical, {"token 0", "sequence 0", "nan"},
                          [&] { (void)draw(broken, prompts, {.tokens = 3, .temperature = temperature}, 1); });
  }
  testing::expect_error(ErrorKind::kNumerical, {"inf", "temperature"},
                        [&] { (void)draw(model, prompts, {.tokens = 3, .temperature = 1e-300}, 1); });
}

TEST(Sample, RejectsOptionsOutsideTheirRange) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor prompts = start_prompts(model.config(), 1);
  const auto run = [&](SampleOptions options) { return [&, options] { (void)draw(model, prompts, options, 1); }; };
  const auto kind = ErrorKind::kInvalidArgument;
  testing::expect_error(kind, {"temperature -1"}, run({.temperature = -1.0}));
  testing::expect_error(kind, {"temperature nan"}, run({.temperature = std::nan("")}));
  testing::expect_error(kind, {"temperature inf"}, run({.temperature = std::numeric_limits<double>::infinity()}));
  testing::expect_error(kind, {"0 tokens"}, run({.tokens = 0}));
  testing::expect_error(kind, {"65 tokens", "64 positions"}, run({.tokens = 65}));
  EXPECT_EQ(draw(model, prompts, {.tokens = 64}, 1).size(1), 65) << "the last token takes no position";
  ModelConfig nameless = model.config();
  nameless.bos_token_id.reset();
  nameless.eos_token_ids.clear();
  testing::expect_error(ErrorKind::kUnsupported, {"bos_token_id"}, [&] { (void)start_prompts(nameless, 1); });
}

}  // namespace
}  // namespace prunenet
