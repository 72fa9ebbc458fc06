// What sampling 8 keep-sets costs, their log-probability with its gradient, and the conditional gradient.
//   OPENBLAS_NUM_THREADS=2 OMP_NUM_THREADS=2 build/tests/bench/bench_policy
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "prunenet/policy/keep_set.h"
#include "prunenet/policy/network.h"

namespace prunenet {
namespace {

constexpr std::int64_t kSamples = 8;
constexpr double kKeptShare = 0.7;

/// Scores of one layer, and draws from them.
struct Draws {
  explicit Draws(std::int64_t neurons)
      : scores(torch::empty({neurons})), kept(std::int64_t(kKeptShare * double(neurons))) {
    for (float& score : values()) score = static_cast<float>(rng.normal());
    samples = sample_rankings(values(), kSamples, rng);
  }
  [[nodiscard]] std::span<float> values() const { return {scores.data_ptr<float>(), std::size_t(scores.numel())}; }

  Rng rng{1};
  torch::Tensor scores;
  std::int64_t kept;
  RankingSamples samples;
};

void count_samples(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * kSamples);
}

/// Items are keep-sets, here and below.
void sampling(benchmark::State& state) {
  Draws draws(state.range(0));
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(sample_rankings(draws.values(), kSamples, draws.rng));
  }
  count_samples(state);
}

void log_probability_and_gradient(benchmark::State& state) {
  Draws draws(state.range(0));
  draws.scores.requires_grad_();
  for ([[maybe_unused]] auto _ : state) {
    draws.scores.mutable_grad() = torch::Tensor();
    plackett_luce_log_probability(draws.scores, draws.samples.rankings, draws.kept).mean().backward();
  }
  if (!torch::isfinite(draws.scores.grad()).all().item<bool>()) state.SkipWithError("the gradient is not finite");
  count_samples(state);
}

void conditional_gradient(benchmark::State& state) {
  const Draws draws(state.range(0));
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(keep_probability_gradient(draws.scores, draws.samples, draws.kept));
  }
  count_samples(state);
}

/// The default network on 110 features, forward and backward. Items are neurons.
void network_forward_backward(benchmark::State& state) {
  Rng rng(1);
  PolicyNetwork network(110, NetworkOptions{}, rng);
  const torch::Tensor features = torch::rand({state.range(0), 110});
  for ([[maybe_unused]] auto _ : state) network->forward(features).sum().backward();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(sampling)->Arg(1536)->Arg(11008)->Unit(benchmark::kMillisecond);
BENCHMARK(log_probability_and_gradient)->Arg(1536)->Arg(11008)->Unit(benchmark::kMillisecond);
BENCHMARK(conditional_gradient)->Arg(1536)->Arg(11008)->Unit(benchmark::kMillisecond);
BENCHMARK(network_forward_backward)->Arg(1536)->Arg(11008)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace prunenet
