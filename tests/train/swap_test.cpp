#include <gtest/gtest.h>

#include "prunenet/core/rng.h"
#include "prunenet/policy/keep_set.h"
#include "prunenet/train/keep_set_distortion.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

MatrixF random_matrix(Eigen::Index rows, Eigen::Index columns, Rng& rng) {
  return MatrixF::NullaryExpr(rows, columns, [&rng] { return static_cast<float>(rng.normal()); });
}

/// Oracle: both keep-sets written out and evaluated.
void expect_swaps_agree(const KeepSetDistortion& distortion, std::int64_t neurons, std::int64_t kept) {
  Rng rng(3);
  const std::vector<float> scores(static_cast<std::size_t>(neurons), 0.0F);
  const torch::Tensor rankings = sample_rankings(scores, 3, rng).rankings;
  const SwapRewards swaps = distortion.swaps(rankings, kept);
  EXPECT_EQ(swaps.distortions, distortion(rankings, kept));
  for (std::int64_t m = 0; m < 3; ++m) {
    for (std::int64_t j = 0; j < neurons; ++j) {
      torch::Tensor other = rankings.narrow(0, m, 1).clone();
      const std::int64_t border = j < kept ? kept : kept - 1;
      other[0][j] = rankings[m][border];
      other[0][border] = rankings[m][j];
      const double change = std::log(distortion(other, kept).front()) - std::log(swaps.distortions[m]);
      const double expected = j < kept ? change : -change;
      EXPECT_NEAR(swaps.advantages[m][rankings[m][j].item<std::int64_t>()].item<double>(), expected, 1e-4)
          << "sample " << m << ", rank " << j;
    }
  }
}

TEST(Swaps, ExactFormEqualsRebuiltKeepSets) {
  Rng rng(1);
  const MatrixF down = random_matrix(6, 20, rng);
  const MatrixF responses = random_matrix(40, 20, rng);
  const MatrixF moment = responses.transpose() * responses / 40.0F;
  for (const std::int64_t kept : {1, 7, 19}) {
    expect_swaps_agree(*make_keep_set_distortion(Schatten2::from_coupling(response_coupling(down, moment))), 20, kept);
  }
}

TEST(Swaps, PackedFormEqualsRebuiltKeepSets) {
  Rng rng(2);
  const MatrixF factor = random_matrix(12, 20, rng);
  const PackedMatrix packed = PackedMatrix::pack(factor.transpose() * factor);
  for (const std::int64_t kept : {1, 7, 19}) {
    expect_swaps_agree(*make_keep_set_distortion(Schatten2::from_packed(packed)), 20, kept);
  }
}

TEST(Swaps, OtherDistortionsSaySo) {
  Rng rng(2);
  auto weights = make_weight_operator(OperatorKind::kUp, {}, random_matrix(8, 4, rng), random_matrix(4, 8, rng));
  const auto distortion = make_keep_set_distortion(DistortionProblem(std::move(weights), Distortion::kKs));
  testing::expect_error(ErrorKind::kUnsupported, {"'conditional'", "'ks'", "rloo"}, [&] {
    (void)distortion->swaps(torch::zeros({1, 8}, torch::kInt64), 4);
  });
}

}  // namespace
}  // namespace prunenet
