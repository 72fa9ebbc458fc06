// One step of training on one layer: scores, 8 keep-sets, their rewards by a packed coupling, and the gradient.
// Argument: I.
//   OPENBLAS_NUM_THREADS=2 OMP_NUM_THREADS=2 build/tests/bench/bench_training
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include <limits>

#include "prunenet/train/keep_set_distortion.h"
#include "prunenet/train/trainer.h"

namespace prunenet {
namespace {

constexpr std::int64_t kFeatures = 110;

torch::Tensor random_rows(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  Rng rng(seed);
  torch::Tensor values = torch::empty({rows, columns});
  for (std::int64_t i = 0; i < values.numel(); ++i) values.data_ptr<float>()[i] = float(rng.normal());
  return values;
}

/// A layer of random features and a random coupling of low rank.
class OneLayer final : public Environment {
 public:
  explicit OneLayer(std::int64_t neurons) : features_(random_rows(neurons, kFeatures, 1)) {
    constexpr std::int64_t kRank = 64;
    const torch::Tensor values = random_rows(kRank, neurons, 2);
    const MatrixF factor = Eigen::Map<const MatrixF>(values.data_ptr<float>(), kRank, neurons);
    distortion_ = make_keep_set_distortion(Schatten2::from_packed(
        {factor.colwise().squaredNorm(), [&factor](Eigen::Index first, Eigen::Index count) -> MatrixF {
           return factor.middleCols(first, count).transpose() * factor.leftCols(first + count);
         }}));
  }
  [[nodiscard]] std::int64_t num_layers() const override { return 1; }
  [[nodiscard]] const torch::Tensor& features(std::int64_t /*layer*/) const override { return features_; }
  [[nodiscard]] std::vector<double> distortions(std::int64_t /*layer*/, const torch::Tensor& rankings,
                                                std::int64_t kept) const override {
    return (*distortion_)(rankings, kept);
  }
  [[nodiscard]] SwapRewards swap_rewards(std::int64_t /*layer*/, const torch::Tensor& rankings,
                                         std::int64_t kept) const override {
    return distortion_->swaps(rankings, kept);
  }
  [[nodiscard]] std::vector<double> held_out_distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                         std::int64_t kept) const override {
    return distortions(layer, rankings, kept);
  }

 private:
  torch::Tensor features_;
  std::unique_ptr<KeepSetDistortion> distortion_;
};

/// Items are layers.
void training_step(benchmark::State& state, Estimator estimator) {
  const OneLayer environment(state.range(0));
  TrainOptions options;
  options.estimator = estimator;
  options.steps = 1'000'000;  // never done, never validated
  options.validate_every = options.steps;
  Trainer trainer(environment, options);
  for ([[maybe_unused]] auto _ : state) trainer.step();
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(training_step, conditional, Estimator::kConditional)
    ->Arg(1536)
    ->Arg(11008)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(training_step, rloo, Estimator::kRloo)->Arg(1536)->Arg(11008)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace prunenet
