// The default reward of keep-sets, 30 % removed, one and eight at once: by the exact coupling of 1536 neurons, and by
// sketches of m rows; and of all swaps of eight keep-sets, for the conditional gradient. Arguments: m, I, keep-sets.
//   OPENBLAS_NUM_THREADS=2 build/tests/bench/bench_schatten2
#include <benchmark/benchmark.h>

#include "prunenet/spectral/schatten2.h"
#include "prunenet/spectral/spectral_operator.h"
#include "spectral/random_block.h"

namespace prunenet {
namespace {

Schatten2 random_form(Eigen::Index rows, Eigen::Index neurons) {
  Rng rng(1);
  MatrixF factor = testing::random_matrix(rng, rows, neurons).cast<float>();
  if (rows < neurons) return Schatten2::from_sketch(std::move(factor));
  return Schatten2::from_coupling(factor.transpose() * factor);
}

MatrixF removed_sets(Eigen::Index count, Eigen::Index neurons) {
  Rng rng(2);
  MatrixF removed(count, neurons);
  for (Eigen::Index row = 0; row < count; ++row) {
    removed.row(row) = removed_indicator(testing::random_keep(rng, neurons, 0.7), neurons).cast<float>();
  }
  return removed;
}

/// Items are keep-sets.
void schatten2(benchmark::State& state) {
  const Schatten2 form = random_form(state.range(0), state.range(1));
  const MatrixF removed = removed_sets(state.range(2), state.range(1));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(form(removed));
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

/// Items are keep-sets, each with all its swaps.
void schatten2_swaps(benchmark::State& state) {
  const Schatten2 form = random_form(state.range(0), state.range(1));
  const MatrixF removed = removed_sets(state.range(2), state.range(1));
  std::vector<std::int64_t> in;
  std::vector<std::int64_t> out;
  for (Eigen::Index row = 0; row < removed.rows(); ++row) {
    Eigen::Index first_removed = 0;
    Eigen::Index first_kept = 0;
    removed.row(row).maxCoeff(&first_removed);
    removed.row(row).minCoeff(&first_kept);
    in.push_back(first_removed);
    out.push_back(first_kept);
  }
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(form.log_swapped(removed, in, out));
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

constexpr std::int64_t kSmolLm2 = 1536;
constexpr std::int64_t kLlama7b = 11008;
BENCHMARK(schatten2)
    ->ArgsProduct({{128, 1024, kSmolLm2}, {kSmolLm2}, {1, 8}})
    ->ArgsProduct({{1024, 2048}, {kLlama7b}, {1, 8}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(schatten2_swaps)
    ->Args({kSmolLm2, kSmolLm2, 8})
    ->Args({1024, kSmolLm2, 8})
    ->Args({1024, kLlama7b, 8})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace prunenet
