// One step of training on one layer: scores, 8 keep-sets, their rewards by a form of m rows, and the gradient.
// Arguments: m, I.
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

/// A layer of random features, whose coupling is that of a random sketch.
class OneLayer final : public Environment {
 public:
  OneLayer(std::int64_t rows, std::int64_t neurons) : features_(random_rows(neurons, kFeatures, 1)) {
    const torch::Tensor form = random_rows(rows, neurons, 2);
    distortion_ = make_keep_set_distortion(
        Schatten2::from_sketch(Eigen::Map<const MatrixF>(form.data_ptr<float>(), rows, neurons)));
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
  const OneLayer environment(state.range(0), state.range(1));
  TrainOptions options;
  options.estimator = estimator;
  options.steps = 1'000'000;  // never done, never validated
  options.validate_every = options.steps;
  Trainer trainer(environment, options);
  for ([[maybe_unused]] auto _ : state) trainer.step();
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(training_step, conditional, Estimator::kConditional)
    ->Args({1024, 1536})
    ->Args({1024, 11008})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(training_step, rloo, Estimator::kRloo)
    ->Args({1024, 1536})
    ->Args({1024, 11008})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace prunenet
