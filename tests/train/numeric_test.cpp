// What training does with rewards, scores and gradients that are no ordinary numbers.
#include <gtest/gtest.h>

#include <limits>

#include "prunenet/train/reward.h"
#include "prunenet/train/trainer.h"
#include "support/expect_error.h"
#include "train/synthetic_environment.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::SyntheticEnvironment;

/// Random features of any scale, and one distortion for every keep-set.
class ConstantEnvironment final : public Environment {
 public:
  ConstantEnvironment(std::int64_t neurons, double distortion, double scale = 1.0)
      : inner_(3, neurons, 1), distortion_(distortion) {
    for (std::int64_t layer = 0; layer < 3; ++layer) features_.push_back(inner_.features(layer) * scale);
  }
  [[nodiscard]] std::int64_t num_layers() const override { return 3; }
  [[nodiscard]] const torch::Tensor& features(std::int64_t layer) const override {
    return features_[static_cast<std::size_t>(layer)];
  }
  [[nodiscard]] std::vector<double> distortions(std::int64_t /*layer*/, const torch::Tensor& rankings,
                                                std::int64_t /*kept*/) const override {
    return std::vector<double>(static_cast<std::size_t>(rankings.size(0)), distortion_);
  }
  [[nodiscard]] SwapRewards swap_rewards(std::int64_t layer, const torch::Tensor& rankings,
                                         std::int64_t kept) const override {
    return {distortions(layer, rankings, kept), torch::full(rankings.sizes(), distortion_, torch::kFloat64)};
  }
  [[nodiscard]] std::vector<double> held_out_distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                         std::int64_t kept) const override {
    return distortions(layer, rankings, kept);
  }

 private:
  SyntheticEnvironment inner_;
  std::vector<torch::Tensor> features_;
  double distortion_;
};

TrainOptions few_steps(Estimator estimator) {
  TrainOptions options;
  options.estimator = estimator;
  options.steps = 4;
  options.validate_every = 2;
  options.network = {.hidden = 8, .depth = 1};
  return options;
}

void run(Trainer& trainer) {
  while (!trainer.done()) trainer.step();
}

class TrainerNumeric : public ::testing::TestWithParam<Estimator> {};
INSTANTIATE_TEST_SUITE_P(Estimators, TrainerNumeric, ::testing::Values(Estimator::kRloo, Estimator::kConditional),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(TrainerNumeric, LosingNothingIsTheLargestRewardAndFinite) {
  const ConstantEnvironment environment(20, 0.0);
  Trainer trainer(environment, few_steps(GetParam()));
  run(trainer);
  EXPECT_NEAR(trainer.best_reward(), -std::log(1e-12), 1e-9);
  for (const CurvePoint& point : trainer.curve()) EXPECT_NEAR(point.train_reward, -std::log(1e-12), 1e-9);
}

TEST_P(TrainerNumeric, DistortionThatIsNoNumber) {
  const ConstantEnvironment environment(20, std::numeric_limits<double>::quiet_NaN());
  Trainer trainer(environment, few_steps(GetParam()));
  expect_error(ErrorKind::kNumerical, {"distortion", "nan", "step 0"}, [&] { run(trainer); });
}

TEST_P(TrainerNumeric, FeaturesThatSaturateThePolicy) {
  const ConstantEnvironment saturated(20, 0.5, 1e6);
  TrainOptions options = few_steps(GetParam());
  options.score_penalty = 0.0;
  Trainer trainer(saturated, options);
  run(trainer);
  for (const CurvePoint& point : trainer.curve()) EXPECT_TRUE(std::isfinite(point.score_spread));
}

TEST_P(TrainerNumeric, GradientTooLargeToMeasureStopsBeforeItIsApplied) {
  const ConstantEnvironment environment(20, 0.5, 1e25);
  TrainOptions options = few_steps(GetParam());
  options.score_penalty = 1e-10;
  Trainer trainer(environment, options);
  expect_error(ErrorKind::kNumerical, {"step 0 of 4", "learning_rate"}, [&] { run(trainer); });
}

TEST_P(TrainerNumeric, PolicyThatIsNotFiniteIsNeverKept) {
  const SyntheticEnvironment environment(3, 10, 1);
  TrainOptions options = few_steps(GetParam());
  options.learning_rate = 1e36;
  options.warmup_steps = 0;
  Trainer trainer(environment, options);
  expect_error(ErrorKind::kNumerical, {"score of neuron", "learning rate"}, [&] { run(trainer); });
  for (const torch::Tensor& values : trainer.best_policy()->parameters()) {
    EXPECT_TRUE(values.isfinite().all().item<bool>());
  }
}

TEST_P(TrainerNumeric, LayerOfOneNeuronLeavesNoChoice) {
  expect_error(ErrorKind::kInvalidArgument, {"layer 0", "1 neuron"},
               [] { Trainer(ConstantEnvironment(1, 0.5), few_steps(GetParam())); });
}

/// A block of 6 neurons with d = 4, and responses of 30 tokens.
struct Block {
  Block() {
    Rng rng(4);
    const auto fill = [&rng](Eigen::Index rows, Eigen::Index columns) {
      return MatrixF(MatrixF::NullaryExpr(rows, columns, [&rng] { return static_cast<float>(rng.normal()); }));
    };
    weights = {fill(6, 4), fill(6, 4), fill(4, 6)};
    const MatrixF responses = fill(30, 6);
    exact.second_moment = responses.transpose() * responses / 30.0F;
    packed.packed = PackedMatrix::pack(exact.second_moment);
  }
  FfnWeights weights;
  ResponseMoments exact;
  ResponseMoments packed;
};

const torch::Tensor& ranking() {
  static const torch::Tensor tensor = torch::arange(6).unsqueeze(0);
  return tensor;
}

TEST(RewardNumeric, BlockWithoutEnergyHasNothingToLose) {
  Block block;
  block.weights.down.setZero();
  block.weights.gate.setZero();
  RewardOptions options;
  for (const ResponseMoments& moments : {block.exact, block.packed}) {
    const auto nothing = make_distortion(options, block.weights, moments);
    EXPECT_EQ((*nothing)(ranking(), 3), std::vector<double>{0.0});
    const SwapRewards swaps = nothing->swaps(ranking(), 3);
    EXPECT_EQ(swaps.distortions, std::vector<double>{0.0});
    EXPECT_EQ(swaps.advantages.abs().max().item<double>(), 0.0);
  }
  options.operator_kind = OperatorKind::kGate;
  options.distortion = "ks";
  EXPECT_EQ((*make_distortion(options, block.weights, block.exact))(ranking(), 3), std::vector<double>{0.0});
}

TEST(RewardNumeric, RemovingDeadNeuronsCostsNothingAndSwapsAreFinite) {
  Block block;
  block.weights.down.rightCols(3).setZero();
  const auto distortion = make_distortion({}, block.weights, block.exact);
  EXPECT_EQ((*distortion)(ranking(), 3), std::vector<double>{0.0});
  EXPECT_TRUE(distortion->swaps(ranking(), 3).advantages.isfinite().all().item<bool>());
}

TEST(RewardNumeric, MomentsOrWeightsThatAreNotFinite) {
  Block block;
  block.exact.second_moment(2, 2) = std::numeric_limits<float>::infinity();
  expect_error(ErrorKind::kNumerical, {"[2, 2]", "inf"},
               [&] { (void)make_distortion({}, block.weights, block.exact); });
  block.weights.down(1, 5) = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"diagonal", "[5, 0]", "nan"},
               [&] { (void)make_distortion({}, block.weights, block.packed); });
}

}  // namespace
}  // namespace prunenet
