// What the features of a model's layers cost, at the widths of SmolLM2-135M (d = 576, I = 1536; three layers, a small
// vocabulary), beside one product of a projection with a covariance.
//   OPENBLAS_NUM_THREADS=2 build/tests/bench/bench_features
#include <benchmark/benchmark.h>

#include "features/random_weights.h"

namespace prunenet {
namespace {

constexpr std::int64_t kHidden = 576;
constexpr std::int64_t kNeurons = 1536;

/// Items are layers.
void features(benchmark::State& state) {
  const testing::RandomWeights weights(kHidden, kNeurons, 1);
  std::int64_t layers = 0;
  for ([[maybe_unused]] auto _ : state) layers += std::int64_t(testing::features_of(weights).size());
  state.SetItemsProcessed(layers);
}

/// Items are floating-point operations: 2 I d^2.
void projection_by_covariance(benchmark::State& state) {
  Rng rng(1);
  const MatrixF projection = testing::random_matrix(kNeurons, kHidden, rng);
  const MatrixF covariance = testing::random_matrix(kHidden, kHidden, rng);
  MatrixF product(kNeurons, kHidden);
  for ([[maybe_unused]] auto _ : state) {
    product.noalias() = projection * covariance;
    benchmark::DoNotOptimize(product.data());
  }
  state.SetItemsProcessed(state.iterations() * 2 * kNeurons * kHidden * kHidden);
}

BENCHMARK(features)->Name("features/576x1536")->Unit(benchmark::kMillisecond);
BENCHMARK(projection_by_covariance)->Name("projection_by_covariance/576x1536")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace prunenet
