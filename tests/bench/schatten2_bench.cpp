// The default reward of keep-sets, 30 % removed, one and eight at once, and of all swaps of eight keep-sets, for the
// conditional gradient: by the exact coupling and by the packed one. Arguments: I, keep-sets. At I = 11008 the exact
// coupling takes half a gigabyte.
//   OPENBLAS_NUM_THREADS=2 build/tests/bench/bench_schatten2
#include <benchmark/benchmark.h>

#include "prunenet/spectral/packed_coupling.h"
#include "prunenet/spectral/schatten2.h"
#include "prunenet/spectral/spectral_operator.h"
#include "spectral/random_block.h"

namespace prunenet {
namespace {

/// Times do not depend on what is coupled, so few responses and few outputs do.
struct Block {
  explicit Block(Eigen::Index neurons) : second_moment(MatrixF::Zero(neurons, neurons)) {
    Rng rng(1);
    down = testing::random_matrix(rng, 16, neurons).cast<float>();
    const MatrixF responses = testing::random_matrix(rng, 64, neurons).cast<float>();
    second_moment.noalias() = responses.transpose() * responses;
  }
  MatrixF down;
  MatrixF second_moment;
};

Schatten2 exact_form(benchmark::State& state) {
  const Block block(state.range(0));
  return Schatten2::from_coupling(response_coupling(block.down, block.second_moment));
}

Schatten2 packed_form(benchmark::State& state) {
  const Block block(state.range(0));
  return Schatten2::from_packed(pack_coupling(block.down, block.second_moment));
}

MatrixF removed_sets(Eigen::Index count, Eigen::Index neurons) {
  Rng rng(2);
  MatrixF removed(count, neurons);
  for (Eigen::Index row = 0; row < count; ++row) {
    removed.row(row) = removed_indicator(testing::random_keep(rng, neurons, 0.7), neurons).cast<float>();
  }
  return removed;
}

using Form = Schatten2 (*)(benchmark::State&);

/// Items are keep-sets.
void schatten2(benchmark::State& state, Form make_form) {
  const Schatten2 form = make_form(state);
  const MatrixF removed = removed_sets(state.range(1), state.range(0));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(form(removed));
  state.SetItemsProcessed(state.iterations() * state.range(1));
}

/// Items are keep-sets, each with all its swaps.
void schatten2_swaps(benchmark::State& state, Form make_form) {
  const Schatten2 form = make_form(state);
  const MatrixF removed = removed_sets(state.range(1), state.range(0));
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
  state.SetItemsProcessed(state.iterations() * state.range(1));
}

constexpr std::int64_t kSmolLm2 = 1536;
constexpr std::int64_t kLlama7b = 11008;
BENCHMARK_CAPTURE(schatten2, exact, exact_form)
    ->ArgsProduct({{kSmolLm2, kLlama7b}, {1, 8}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(schatten2, packed, packed_form)
    ->ArgsProduct({{kSmolLm2, kLlama7b}, {1, 8}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(schatten2_swaps, exact, exact_form)->ArgsProduct({{kSmolLm2}, {8}})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(schatten2_swaps, packed, packed_form)
    ->ArgsProduct({{kSmolLm2, kLlama7b}, {8}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace prunenet
