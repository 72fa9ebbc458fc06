// Which form of a reward a block gets.
#include "prunenet/train/reward.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "prunenet/core/rng.h"
#include "prunenet/policy/keep_set.h"
#include "prunenet/spectral/distortion_problem.h"
#include "prunenet/spectral/response_operator.h"
#include "prunenet/spectral/schatten2.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

constexpr std::int64_t kWide = 4100;  // neurons; packed above 4096

struct WideBlock {
  FfnWeights weights;
  ResponseMoments moments;
};

WideBlock wide_block() {
  Rng rng(3);
  const auto normal = [&rng](Eigen::Index rows, Eigen::Index columns) -> MatrixF {
    return MatrixF::NullaryExpr(rows, columns, [&rng] { return static_cast<float>(rng.normal()); });
  };
  WideBlock block;
  block.weights.down = normal(4, kWide);
  const MatrixF responses = normal(16, kWide);
  block.moments.second_moment = responses.transpose() * responses / 16.0F;
  return block;
}

ResponseMoments packed(const ResponseMoments& moments) {
  return {.mean = moments.mean, .packed = PackedMatrix::pack(moments.second_moment)};
}

/// Both ways to a packed coupling: from H, and from an H that was packed before.
TEST(WideBlocks, DistortAsTheirExactCouplingDoes) {
  const WideBlock block = wide_block();
  Rng rng(4);
  const torch::Tensor rankings =
      sample_rankings(std::vector<float>(static_cast<std::size_t>(kWide), 0.0F), 3, rng).rankings;
  const auto exact = make_keep_set_distortion(
      Schatten2::from_coupling(response_coupling(block.weights.down, block.moments.second_moment)));
  for (const ResponseMoments& moments : {block.moments, packed(block.moments)}) {
    const auto chosen = make_distortion({}, block.weights, moments);
    for (const std::int64_t kept : {1025, 2870, 3690}) {
      const std::vector<double> expected = (*exact)(rankings, kept);
      const std::vector<double> actual = (*chosen)(rankings, kept);
      for (std::size_t m = 0; m < expected.size(); ++m) {
        EXPECT_NEAR(actual[m] / expected[m], 1.0, 5e-3) << kept << " kept, sample " << m;
      }
    }
  }
}

TEST(WideBlocks, WholeSpectraNeedExactMoments) {
  const WideBlock block = wide_block();
  testing::expect_error(ErrorKind::kUnsupported, {"'mirsky'", "4100 neurons", "'probe.exact_width'"},
                        [&] { (void)make_distortion({.distortion = "mirsky"}, block.weights, packed(block.moments)); });
}

TEST(WideBlocks, WithoutEnergyHaveNothingToLose) {
  WideBlock block = wide_block();
  block.weights.down.setZero();
  const auto nothing = make_distortion({}, block.weights, block.moments);
  EXPECT_EQ((*nothing)(torch::arange(kWide).unsqueeze(0), 3000), std::vector<double>{0.0});
}

/// A block of 24 neurons that writes 6 numbers, with a metric on them.
struct MetricBlock {
  MetricBlock() {
    Rng rng(5);
    const auto normal = [&rng](Eigen::Index rows, Eigen::Index columns) -> MatrixF {
      return MatrixF::NullaryExpr(rows, columns, [&rng] { return static_cast<float>(rng.normal()); });
    };
    weights = {normal(24, 6), normal(24, 6), normal(6, 24)};
    const MatrixF responses = normal(60, 24);
    moments.second_moment = responses.transpose() * responses / 60.0F;
    const MatrixF gradients = normal(40, 6) * 1e-3F;
    metric = gradients.transpose() * gradients / 40.0F;
    rankings = sample_rankings(std::vector<float>(24, 0.0F), 4, rng).rankings;
  }
  /// Of what a ranking keeps, in double.
  [[nodiscard]] std::vector<double> expected(Distortion distortion, std::int64_t kept) const {
    const DistortionProblem problem(
        std::make_shared<ResponseOperator>(weights.down.cast<double>(), moments.second_moment.cast<double>(),
                                           metric.cast<double>()),
        distortion);
    std::vector<double> values;
    for (std::int64_t m = 0; m < rankings.size(0); ++m) {
      const std::int64_t* ranking = rankings.data_ptr<std::int64_t>() + m * rankings.size(1);
      std::vector<std::int64_t> keep(ranking, ranking + kept);
      std::sort(keep.begin(), keep.end());
      values.push_back(problem.distortion(keep));
    }
    return values;
  }

  FfnWeights weights;
  ResponseMoments moments;
  MatrixF metric;
  torch::Tensor rankings;
};

TEST(LossMetricReward, IsTheDistortionInThatMetric) {
  const MetricBlock block;
  for (const Distortion distortion :
       {Distortion::kSchatten2, Distortion::kMirsky, Distortion::kNuclear, Distortion::kKs}) {
    const RewardOptions options{.distortion = std::string(to_string(distortion)), .metric = OutputMetric::kLoss};
    const auto rewards = make_distortion(options, in_metric(options, block.weights, block.metric), block.moments);
    const std::vector<double> actual = (*rewards)(block.rankings, 15);
    const std::vector<double> expected = block.expected(distortion, 15);
    for (std::size_t m = 0; m < actual.size(); ++m) {
      EXPECT_NEAR(actual[m], expected[m], 1e-5) << to_string(distortion) << ", sample " << m;
    }
  }
}

TEST(LossMetricReward, CouplesByTheMetric) {
  const MetricBlock block;
  const FfnWeights weights = in_metric({.metric = OutputMetric::kLoss}, block.weights, block.metric);
  const MatrixD down = block.weights.down.cast<double>();
  const MatrixD expected =
      (down.transpose() * block.metric.cast<double>() * down).cwiseProduct(block.moments.second_moment.cast<double>());
  const MatrixF actual = response_coupling(weights.down, block.moments.second_moment);
  EXPECT_LT((actual.cast<double>() - expected).norm(), 1e-6 * expected.norm());
}

TEST(LossMetricReward, InThePlainMetricIsThePlainReward) {
  const MetricBlock block;
  const RewardOptions plain;
  EXPECT_EQ(in_metric(plain, block.weights, {}).down, block.weights.down);
  const RewardOptions loss{.metric = OutputMetric::kLoss};
  const FfnWeights weights = in_metric(loss, block.weights, MatrixF::Identity(6, 6));
  EXPECT_EQ((*make_distortion(loss, weights, block.moments))(block.rankings, 9),
            (*make_distortion(plain, block.weights, block.moments))(block.rankings, 9));
  testing::expect_error(ErrorKind::kInvalidArgument, {"5 x 5", "writes 6 numbers"},
                        [&] { (void)in_metric(loss, block.weights, MatrixF::Identity(5, 5)); });
}

/// The share of neurons that go, or whatever else it is told.
class RemovedShare final : public OneByOneDistortion {
 public:
  RemovedShare(std::int64_t neurons, double sign) : OneByOneDistortion("share"), neurons_(neurons), sign_(sign) {}

 protected:
  [[nodiscard]] double distortion(std::span<const std::int64_t> keep_indices) const override {
    EXPECT_TRUE(std::is_sorted(keep_indices.begin(), keep_indices.end()));
    return sign_ * (1.0 - static_cast<double>(keep_indices.size()) / static_cast<double>(neurons_));
  }

 private:
  std::int64_t neurons_;
  double sign_;
};

RewardRegistry with_share(double sign = 1.0) {
  RewardRegistry rewards = built_in_rewards();
  rewards.add("share", [sign](const RewardLayer& layer) {
    return std::make_unique<RemovedShare>(exact_second_moment(layer).rows(), sign);
  });
  return rewards;
}

TEST(RewardRegistry, MakesADistortionThatWasAdded) {
  const MetricBlock block;
  const RewardOptions options{.distortion = "share"};
  const auto share = make_distortion(options, block.weights, block.moments, torch::kCPU, with_share());
  EXPECT_EQ((*share)(block.rankings, 18), std::vector<double>(4, 0.25));
  testing::expect_error(ErrorKind::kUnsupported, {"'rloo'", "'share'"},
                        [&] { (void)share->swaps(block.rankings, 18); });
  testing::expect_error(ErrorKind::kUnsupported, {"'share'", "24 neurons", "'probe.exact_width'"}, [&] {
    (void)make_distortion(options, block.weights, packed(block.moments), torch::kCPU, with_share());
  });
}

TEST(RewardRegistry, RefusesWhatIsNotThereNotMadeOrNoDistortion) {
  const MetricBlock block;
  const RewardOptions options{.distortion = "share"};
  testing::expect_error(ErrorKind::kInvalidArgument, {"'share'", "ks, mirsky, nuclear, schatten2"},
                        [&] { (void)make_distortion(options, block.weights, block.moments); });
  RewardRegistry empty_handed = built_in_rewards();
  empty_handed.add("share", [](const RewardLayer&) { return std::unique_ptr<KeepSetDistortion>(); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"'share'", "not made"}, [&] {
    (void)make_distortion(options, block.weights, block.moments, torch::kCPU, empty_handed);
  });
  for (const double sign : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    const auto bad = make_distortion(options, block.weights, block.moments, torch::kCPU, with_share(sign));
    testing::expect_error(ErrorKind::kNumerical, {"'share'", "18 of 24 neurons"},
                          [&] { (void)(*bad)(block.rankings, 18); });
  }
}

}  // namespace
}  // namespace prunenet
