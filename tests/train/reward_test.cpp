// Which form of a reward a block gets.
#include "prunenet/train/reward.h"

#include <gtest/gtest.h>

#include <string>

#include "prunenet/core/rng.h"
#include "prunenet/policy/keep_set.h"
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
  testing::expect_error(ErrorKind::kUnsupported, {"'mirsky'", "4100 neurons", "'probe.exact_width'"}, [&] {
    (void)make_distortion({.distortion = Distortion::kMirsky}, block.weights, packed(block.moments));
  });
}

TEST(WideBlocks, WithoutEnergyHaveNothingToLose) {
  WideBlock block = wide_block();
  block.weights.down.setZero();
  const auto nothing = make_distortion({}, block.weights, block.moments);
  EXPECT_EQ((*nothing)(torch::arange(kWide).unsqueeze(0), 3000), std::vector<double>{0.0});
}

}  // namespace
}  // namespace prunenet
