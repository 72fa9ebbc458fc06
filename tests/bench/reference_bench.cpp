// Work that no change of prunenet touches, timed in every benchmark program: where these move, the machine did.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "prunenet/core/matrix.h"

namespace prunenet {
namespace {

/// Bytes are those copied; larger than the caches.
void reference_memcpy(benchmark::State& state) {
  const std::vector<std::byte> from(std::size_t{64} << 20U, std::byte{1});
  std::vector<std::byte> into(from.size());
  for ([[maybe_unused]] auto _ : state) {
    std::memcpy(into.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(from.size()));
}

/// Items are floating-point operations.
void reference_gemm(benchmark::State& state) {
  constexpr Eigen::Index kSide = 512;
  const MatrixF a = MatrixF::Constant(kSide, kSide, 0.5F);
  MatrixF product(kSide, kSide);
  for ([[maybe_unused]] auto _ : state) {
    product.noalias() = a * a;
    benchmark::DoNotOptimize(product.data());
  }
  state.SetItemsProcessed(state.iterations() * 2 * kSide * kSide * kSide);
}

BENCHMARK(reference_memcpy)->Name("reference/memcpy")->Unit(benchmark::kMillisecond);
BENCHMARK(reference_gemm)->Name("reference/gemm")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace prunenet
