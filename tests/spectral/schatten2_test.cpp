#include "prunenet/spectral/schatten2.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "prunenet/spectral/packed_coupling.h"
#include "prunenet/spectral/response_operator.h"
#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::random_keep;
using testing::RandomBlock;

/// M indicators of removed neurons, a row each, the first of nothing and the second of everything.
MatrixF random_indicators(Rng& rng, Eigen::Index count, Eigen::Index neurons) {
  MatrixF removed = MatrixF::Zero(count, neurons);
  removed.row(1).setOnes();
  for (Eigen::Index row = 2; row < count; ++row) {
    for (const std::int64_t index : random_keep(rng, neurons, rng.uniform())) removed(row, index) = 1.0F;
  }
  return removed;
}

Schatten2 packed(const RandomBlock& block) {
  return Schatten2::from_packed(pack_coupling(block.down.cast<float>(), block.second_moment.cast<float>()));
}
/// Of a second moment that was packed before.
Schatten2 packed_twice(const RandomBlock& block) {
  return Schatten2::from_packed(
      pack_coupling(block.down.cast<float>(), PackedMatrix::pack(block.second_moment.cast<float>())));
}

RC_GTEST_PROP(Schatten2, BatchAgreesWithOneAtATimeInDouble, ()) {
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(1, 20), *rc::gen::inRange(1, 50), 70);
  const MatrixF removed = random_indicators(block.rng, 6, block.down.cols());
  const ResponseOperator response(block.down, block.second_moment);
  const Schatten2 schatten2 = Schatten2::from_coupling(
      response_coupling(MatrixF(block.down.cast<float>()), MatrixF(block.second_moment.cast<float>())));
  const VectorD batch = schatten2(removed);
  for (Eigen::Index row = 0; row < removed.rows(); ++row) {
    const MatrixD one = removed.row(row).cast<double>();
    const double expected = response.removed_energies(one)(0) / response.total_energy();
    const double residual = std::abs(batch(row) - expected);
    RC_LOG() << "row " << row << ": " << batch(row) << " against " << expected << ", residual " << residual;
    RC_ASSERT(residual < 1e-5);
  }
}

TEST(Schatten2, OfNothingRemovedIsZeroAndOfEverythingIsOne) {
  RandomBlock block(41, 12, 40, 60);
  const MatrixF coupling = response_coupling(block.down, block.second_moment).cast<float>();
  const VectorD exact = Schatten2::from_coupling(coupling)(random_indicators(block.rng, 2, 40));
  EXPECT_EQ(exact(0), 0.0);
  EXPECT_NEAR(exact(1), 1.0, 1e-6);  // products are in single precision
  const VectorD of_packed = packed(block)(random_indicators(block.rng, 2, 40));
  EXPECT_EQ(of_packed(0), 0.0);
  EXPECT_NEAR(of_packed(1), 1.0, 1e-6);
}

TEST(Schatten2, PackedIsCloseToExact) {
  RandomBlock block(43, 12, 200, 300);
  const Schatten2 exact = Schatten2::from_coupling(response_coupling(block.down, block.second_moment).cast<float>());
  const MatrixF removed = random_indicators(block.rng, 20, 200);
  const double residual = (packed(block)(removed) - exact(removed)).cwiseAbs().maxCoeff();
  EXPECT_LT(residual, 2e-3);
  const double twice_residual = (packed_twice(block)(removed) - exact(removed)).cwiseAbs().maxCoeff();
  EXPECT_LT(twice_residual, 4e-3);
}

/// Places of the values in ascending order, about their mean.
VectorD centred_ranks(const VectorD& values) {
  VectorD ranks(values.size());
  for (Eigen::Index i = 0; i < values.size(); ++i) ranks(i) = double((values.array() < values(i)).count());
  return ranks.array() - ranks.mean();
}

TEST(Schatten2, PackedRanksKeepSetsOfOneSizeAsTheExactFormDoes) {
  RandomBlock block(44, 12, 200, 300);
  const Schatten2 exact = Schatten2::from_coupling(response_coupling(block.down, block.second_moment).cast<float>());
  MatrixF removed = MatrixF::Zero(100, 200);
  for (Eigen::Index row = 0; row < removed.rows(); ++row) {
    while (removed.row(row).sum() < 60.0F) removed(row, Eigen::Index(block.rng.uniform() * 200.0)) = 1.0F;
  }
  const VectorD expected = centred_ranks(exact(removed));
  for (const Schatten2& form : {packed(block), packed_twice(block)}) {
    const VectorD ranks = centred_ranks(form(removed));
    EXPECT_GT(expected.dot(ranks) / (expected.norm() * ranks.norm()), 0.999);
  }
}

RC_GTEST_PROP(Schatten2, SwapsAgreeWithKeepSetsWrittenOut, ()) {
  const auto neurons = *rc::gen::inRange<Eigen::Index>(2, 30);
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), 5, neurons, 40);
  const MatrixD coupling = response_coupling(block.down, block.second_moment);
  const Schatten2 schatten2 = *rc::gen::element(Schatten2::from_coupling(coupling.cast<float>()), packed(block));
  const auto first_kept = *rc::gen::inRange<Eigen::Index>(1, neurons);  // [0, first_kept) is removed
  MatrixF removed = MatrixF::Zero(1, neurons);
  removed.leftCols(first_kept).setOnes();
  const std::vector<std::int64_t> in{*rc::gen::inRange<std::int64_t>(0, first_kept)};
  const std::vector<std::int64_t> out{*rc::gen::inRange<std::int64_t>(first_kept, neurons)};

  const MatrixD swapped = schatten2.log_swapped(removed, in, out);
  for (Eigen::Index i = 0; i < neurons; ++i) {
    MatrixF written_out = removed;
    std::swap(written_out(0, i), written_out(0, i < first_kept ? out[0] : in[0]));
    const double expected = schatten2(written_out)(0);
    const double residual = std::abs(std::exp(swapped(0, i)) - expected);
    RC_LOG() << "neuron " << i << " of " << neurons << ", residual " << residual;
    RC_ASSERT(residual < 1e-5);
  }
}

TEST(Schatten2Errors, SwapPartners) {
  const Schatten2 schatten2 = Schatten2::from_coupling(MatrixF::Identity(3, 3));
  const MatrixF removed = MatrixF::Identity(2, 3);
  const std::vector<std::int64_t> good{1, 2};
  const std::vector<std::int64_t> outside{1, 3};
  const std::vector<std::int64_t> few{1};
  expect_error(ErrorKind::kInvalidArgument, {"swap_in", "2 partners", "[1, 3]"},
               [&] { (void)schatten2.log_swapped(removed, outside, good); });
  expect_error(ErrorKind::kInvalidArgument, {"swap_out", "2 partners", "[1]"},
               [&] { (void)schatten2.log_swapped(removed, good, few); });
}

TEST(Schatten2Errors, ShapesAndValues) {
  expect_error(ErrorKind::kInvalidArgument, {"second moment", "3 x 3", "4 x 4"},
               [] { (void)response_coupling(MatrixF(MatrixF::Ones(2, 4)), MatrixF(MatrixF::Ones(3, 3))); });
  expect_error(ErrorKind::kInvalidArgument, {"coupling", "2 x 3"},
               [] { (void)Schatten2::from_coupling(MatrixF::Ones(2, 3)); });
  const Schatten2 schatten2 = Schatten2::from_coupling(MatrixF::Identity(3, 3));
  expect_error(ErrorKind::kInvalidArgument, {"indicator", "5 x 4", "5 x 3"},
               [&] { (void)schatten2(MatrixF::Ones(5, 4)); });
  expect_error(ErrorKind::kNumerical, {"3 neurons", "no energy"},
               [] { (void)Schatten2::from_coupling(MatrixF::Zero(3, 3)); });
  expect_error(ErrorKind::kNumerical, {"3 neurons", "no energy"},
               [] { (void)Schatten2::from_packed(PackedMatrix::pack(MatrixF::Zero(3, 3))); });
  expect_error(ErrorKind::kNumerical, {"coupling", "nan", "[0, 0]"}, [] {
    (void)Schatten2::from_coupling(MatrixF::Constant(3, 3, std::numeric_limits<float>::quiet_NaN()));
  });
}

}  // namespace
}  // namespace prunenet
