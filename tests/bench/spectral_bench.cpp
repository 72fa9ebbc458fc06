// What a spectrum costs, by each way to it, at the shapes of SmolLM2-135M (d = 576, I = 1536, 30 % removed).
//   OPENBLAS_NUM_THREADS=2 build/tests/bench/bench_spectral
// Every way is checked against the exact one before it is timed.
#include <benchmark/benchmark.h>

#include <Eigen/SVD>

#include "prunenet/spectral/distortion_problem.h"
#include "prunenet/spectral/response_operator.h"
#include "prunenet/spectral/spectrum_distortion.h"
#include "prunenet/spectral/symmetric_product.h"
#include "prunenet/spectral/tridiagonal.h"
#include "prunenet/spectral/weight_operator.h"
#include "spectral/random_block.h"

namespace prunenet {
namespace {

constexpr Eigen::Index kHidden = 576;
constexpr Eigen::Index kNeurons = 1536;
constexpr Eigen::Index kTokens = 4096;

const ResponseOperator& response() {
  static const ResponseOperator kResponse = [] {
    const testing::RandomBlock block(1, kHidden, kNeurons, kTokens);
    return ResponseOperator(block.down, block.second_moment);
  }();
  return kResponse;
}

const std::vector<std::int64_t>& kept() {
  static const std::vector<std::int64_t> kKept = [] {
    Rng rng(2);
    return testing::random_keep(rng, kNeurons, 0.7);
  }();
  return kKept;
}

MatrixD weight(Eigen::Index rows, Eigen::Index columns) {
  Rng rng(3);
  return testing::random_matrix(rng, rows, columns);
}

void skip_unless_close(benchmark::State& state, const VectorD& actual, const VectorD& expected) {
  const double residual = testing::square_residual(actual, expected);
  if (!(residual < 1e-8)) state.SkipWithError(("residual " + std::to_string(residual)).c_str());
}

void gram_eigenvalues(benchmark::State& state) {
  const MatrixD matrix = weight(state.range(0), state.range(1));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(singular_values(matrix));
}

void bdc_svd(benchmark::State& state) {
  const Eigen::MatrixXd matrix = weight(state.range(0), state.range(1));
  skip_unless_close(state, Eigen::BDCSVD<Eigen::MatrixXd>(matrix).singularValues(), singular_values(matrix));
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(Eigen::BDCSVD<Eigen::MatrixXd>(matrix).singularValues());
  }
}

void jacobi_svd(benchmark::State& state) {
  const Eigen::MatrixXd matrix = weight(state.range(0), state.range(1));
  skip_unless_close(state, testing::jacobi_singular_values(matrix), singular_values(matrix));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(testing::jacobi_singular_values(matrix));
}

void response_whole(benchmark::State& state) {
  benchmark::DoNotOptimize(response().spectrum(kept()));  // builds the operator
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(response().spectrum(kept()));
}

void response_leading(benchmark::State& state) {
  const LeadingOptions options{.count = state.range(0)};
  const LeadingSpectrum spectrum = response().leading_spectrum(kept(), options);
  if (spectrum.status != SolveStatus::kConverged) state.SkipWithError("not converged");
  skip_unless_close(state, spectrum.leading, response().spectrum(kept()).head(spectrum.leading.size()));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(response().leading_spectrum(kept(), options));
}

/// One reward of a training: a whole spectrum in single precision, down-dated.
void spectrum_reward(benchmark::State& state, const KeptGram& gram, Distortion kind, double expected) {
  const SpectrumDistortion distortion(gram, kind);
  const double actual = distortion(kept());
  if (!(std::abs(actual - expected) < 1e-3)) {
    state.SkipWithError((std::to_string(actual) + " where double gives " + std::to_string(expected)).c_str());
  }
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(distortion(kept()));
  state.SetItemsProcessed(state.iterations());
}

void response_reward(benchmark::State& state, Distortion kind) {
  static const testing::RandomBlock kBlock(1, kHidden, kNeurons, kTokens);
  static const KeptGram kGram =
      KeptGram::of_response(MatrixF(kBlock.down.cast<float>()), MatrixF(kBlock.second_moment.cast<float>()));
  static const auto kInDouble = std::make_shared<ResponseOperator>(kBlock.down, kBlock.second_moment);
  spectrum_reward(state, kGram, kind, DistortionProblem(kInDouble, kind).distortion(kept()));
}

void weight_reward(benchmark::State& state, Distortion kind) {
  const MatrixD rows = weight(kNeurons, kHidden);
  const auto in_double = std::make_shared<WeightOperator>(rows);
  spectrum_reward(state, KeptGram::of_rows(MatrixF(rows.cast<float>())), kind,
                  DistortionProblem(in_double, kind).distortion(kept()));
}

/// The products of a tridiagonal reduction with ever fewer rows, one after another.
void symmetric_products(benchmark::State& state) {
  const MatrixD values = weight(kHidden, kHidden);
  VectorColumns matrix(kHidden, kHidden);
  VectorColumns vectors(kHidden, 3);
  for (Eigen::Index column = 0; column < kHidden; ++column) {
    Eigen::Map<VectorF>(matrix.column(column), kHidden) = values.col(column).cast<float>();
  }
  float* const x = vectors.column(0);
  for ([[maybe_unused]] auto _ : state) {
    std::fill_n(x, kHidden, 1.0F);
    for (Eigen::Index first = 0; first < kHidden; ++first) {
      symmetric_product(matrix, first, x, vectors.column(1), vectors.column(2));
      x[first] = 0.0F;
    }
    benchmark::DoNotOptimize(vectors.column(1)[kHidden - 1]);
  }
}

/// The same by BLAS.
void ssymv(benchmark::State& state) {
  const Eigen::MatrixXf matrix = weight(kHidden, kHidden).cast<float>();
  const VectorF x = VectorF::Ones(kHidden);
  VectorF y(kHidden);
  const auto stride = static_cast<int>(kHidden);
  const int step = 1;
  const float one = 1.0F;
  const float zero = 0.0F;
  for ([[maybe_unused]] auto _ : state) {
    for (Eigen::Index first = 0; first < kHidden; ++first) {
      const auto size = static_cast<int>(kHidden - first);
      ssymv_("L", &size, &one, matrix.data() + first * (kHidden + 1), &stride, x.data(), &step, &zero, y.data(), &step);
    }
    benchmark::DoNotOptimize(y(0));
  }
}

void tridiagonal_form(benchmark::State& state) {
  const MatrixD matrix = weight(kHidden, kHidden);
  const Eigen::MatrixXf gram = (matrix * matrix.transpose()).cast<float>();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(tridiagonalise(gram));
}

BENCHMARK(symmetric_products)->Unit(benchmark::kMillisecond);
BENCHMARK(ssymv)->Unit(benchmark::kMillisecond);
BENCHMARK(tridiagonal_form)->Unit(benchmark::kMillisecond);
BENCHMARK(gram_eigenvalues)->Args({1536, 576})->Args({256, 96})->Unit(benchmark::kMillisecond);
BENCHMARK(bdc_svd)->Args({1536, 576})->Args({256, 96})->Unit(benchmark::kMillisecond);
BENCHMARK(jacobi_svd)->Args({256, 96})->Unit(benchmark::kMillisecond);
BENCHMARK(response_whole)->Unit(benchmark::kMillisecond);
BENCHMARK(response_leading)->Arg(1)->Arg(8)->Arg(32)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(response_reward, ks, Distortion::kKs)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(response_reward, mirsky, Distortion::kMirsky)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(weight_reward, ks, Distortion::kKs)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(weight_reward, mirsky, Distortion::kMirsky)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace prunenet
