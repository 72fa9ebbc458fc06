// What each distortion of each operator costs a keep-set, at the shapes of SmolLM2-135M (d = 576, I = 1536, 30 %
// removed). The dense spectrum, once a layer, is not in it.
//   OPENBLAS_NUM_THREADS=2 build/tests/bench/bench_distortion
#include <benchmark/benchmark.h>

#include "prunenet/spectral/distortion_problem.h"
#include "prunenet/spectral/response_operator.h"
#include "spectral/random_block.h"

namespace prunenet {
namespace {

constexpr Eigen::Index kHidden = 576;
constexpr Eigen::Index kNeurons = 1536;

std::shared_ptr<const SpectralOperator> make_operator(OperatorKind kind) {
  if (kind == OperatorKind::kResponse) {
    const testing::RandomBlock block(1, kHidden, kNeurons, /*tokens=*/4096);
    return std::make_shared<ResponseOperator>(block.down, block.second_moment);
  }
  Rng rng(1);
  const auto matrix = [&rng](Eigen::Index rows, Eigen::Index columns) {
    return MatrixF(testing::random_matrix(rng, rows, columns).cast<float>());
  };
  return make_weight_operator(kind, matrix(kNeurons, kHidden), matrix(kNeurons, kHidden), matrix(kHidden, kNeurons));
}

/// Items are keep-sets.
void distortion_of_keep_set(benchmark::State& state, OperatorKind kind, Distortion distortion) {
  const DistortionProblem problem(make_operator(kind), distortion);
  if (problem.distortion(all_neurons(kNeurons)) > 1e-9) state.SkipWithError("keeping everything distorts");
  Rng rng(2);
  const std::vector<std::int64_t> kept = testing::random_keep(rng, kNeurons, 0.7);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(problem.distortion(kept));
  state.SetItemsProcessed(state.iterations());
}

[[maybe_unused]] const bool kRegistered = [] {
  using enum OperatorKind;
  for (const OperatorKind kind : {kResponse, kGate, kUp, kDown, kJoint}) {
    for (const Distortion distortion :
         {Distortion::kKs, Distortion::kMirsky, Distortion::kNuclear, Distortion::kSchatten2}) {
      const std::string name =
          std::string(to_string(distortion)).append("/").append(to_string(kind)).append("/576x1536");
      benchmark::RegisterBenchmark(name.c_str(), [kind, distortion](benchmark::State& state) {
        distortion_of_keep_set(state, kind, distortion);
      })->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
}  // namespace prunenet
