// What keeping 70 % of a tensor's rows or columns costs, beside copying as many bytes.
//   build/tests/bench/bench_gather
#include <benchmark/benchmark.h>

#include <cstring>

#include "prunenet/core/rng.h"
#include "prunenet/prune/slice.h"

namespace prunenet {
namespace {

struct Shape {
  const char* name;
  std::int64_t hidden;
  std::int64_t neurons;
};
constexpr Shape kShapes[] = {{"576x1536", 576, 1536}, {"4096x11008", 4096, 11008}};
constexpr std::size_t kRows = 0;
constexpr std::size_t kColumns = 1;

std::vector<std::int64_t> keep_seventy_percent(std::int64_t neurons) {
  Rng rng(1);
  std::vector<std::int64_t> keep;
  for (std::int64_t i = 0; i < neurons; ++i) {
    if (rng.uniform() < 0.7) keep.push_back(i);
  }
  return keep;
}

HostTensor weight(const Shape& shape, std::size_t neuron_axis, Dtype dtype) {
  HostTensor tensor;
  tensor.info.dtype = dtype;
  tensor.info.shape = {shape.hidden, shape.neurons};
  if (neuron_axis == kRows) std::swap(tensor.info.shape[0], tensor.info.shape[1]);
  tensor.info.bytes = checked_bytes(dtype, tensor.info.shape).value();
  tensor.data.resize(tensor.info.bytes);
  Rng rng(2);
  for (std::byte& byte : tensor.data) byte = static_cast<std::byte>(rng.bits());
  return tensor;
}

void skip_unless_kept(benchmark::State& state, const HostTensor& tensor, std::size_t axis,
                      const std::vector<std::int64_t>& keep, const std::vector<std::byte>& kept) {
  const std::size_t element = size_of(tensor.info.dtype);
  const auto columns = static_cast<std::size_t>(tensor.info.shape[1]);
  const auto last = static_cast<std::size_t>(keep.back());  // of rows or columns: where it lies, and where it went
  const auto rows = static_cast<std::size_t>(tensor.info.shape[0]);
  const std::size_t from = axis == kRows ? last * columns + columns - 1 : (rows - 1) * columns + last;
  const bool same = kept.size() >= element &&
                    std::memcmp(kept.data() + kept.size() - element, tensor.data.data() + from * element, element) == 0;
  if (!same) state.SkipWithError("the last element kept is another one");
}

/// Bytes are those kept.
void gather(benchmark::State& state, const Shape& shape, std::size_t axis, Dtype dtype) {
  const HostTensor tensor = weight(shape, axis, dtype);
  const std::vector<std::int64_t> keep = keep_seventy_percent(shape.neurons);
  std::vector<std::byte> kept;
  const auto run = [&] { Slicer(tensor.info, axis, keep).next(tensor.data, kept); };
  run();
  skip_unless_kept(state, tensor, axis, keep, kept);
  for ([[maybe_unused]] auto _ : state) {
    run();
    benchmark::DoNotOptimize(kept.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kept.size()));
}

void copy_as_many(benchmark::State& state, const Shape& shape, Dtype dtype) {
  const std::size_t bytes = keep_seventy_percent(shape.neurons).size() * std::size_t(shape.hidden) * size_of(dtype);
  const std::vector<std::byte> from(bytes, std::byte{1});
  std::vector<std::byte> into(bytes);
  for ([[maybe_unused]] auto _ : state) {
    std::memcpy(into.data(), from.data(), bytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const Shape& shape : kShapes) {
    for (const Dtype dtype : {Dtype::kBF16, Dtype::kF32}) {
      const std::string where = std::string(to_string(dtype)).append("/").append(shape.name);
      const auto add = [&where](const std::string& what, auto&& function) {
        benchmark::RegisterBenchmark((what + "/" + where).c_str(), function)->Unit(benchmark::kMillisecond);
      };
      add("gather_rows", [shape, dtype](benchmark::State& state) { gather(state, shape, kRows, dtype); });
      add("gather_columns", [shape, dtype](benchmark::State& state) { gather(state, shape, kColumns, dtype); });
      add("memcpy", [shape, dtype](benchmark::State& state) { copy_as_many(state, shape, dtype); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace prunenet
