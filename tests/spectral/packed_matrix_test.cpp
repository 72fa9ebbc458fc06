#include "prunenet/spectral/packed_matrix.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "spectral/packed_bound.h"
#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::all_rows;
using testing::expect_error;
using testing::RandomBlock;

PackedMatrix packed_moment(const RandomBlock& block) {
  return PackedMatrix::pack(block.second_moment.cast<float>());
}

RC_GTEST_PROP(PackedMatrix, EveryEntryIsWithinItsStatedError, ()) {
  const auto neurons = *rc::gen::inRange<Eigen::Index>(1, 300);  // more than a strip has rows
  const RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), 1, neurons, *rc::gen::inRange<Eigen::Index>(1, 40));
  const MatrixF rows = all_rows(packed_moment(block));
  for (Eigen::Index i = 0; i < neurons; ++i) {
    for (Eigen::Index j = 0; j < neurons; ++j) {
      const double error = std::abs(rows(i, j) - block.second_moment(i, j));
      RC_LOG() << "[" << i << ", " << j << "] of " << neurons << ": error " << error;
      RC_ASSERT(error <= testing::packed_once(block.second_moment, i, j));
    }
  }
}

RC_GTEST_PROP(PackedMatrix, ProductsAreThoseOfItsRows, ()) {
  const auto neurons = *rc::gen::inRange<Eigen::Index>(1, 300);
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), 1, neurons, 20);
  const PackedMatrix packed = packed_moment(block);
  const MatrixD rows = all_rows(packed).cast<double>();
  MatrixF factors = testing::random_matrix(block.rng, 3, neurons).cast<float>();
  for (const std::int64_t absent : testing::random_keep(block.rng, neurons)) factors.col(absent).setZero();
  const MatrixD expected = factors.cast<double>() * rows;
  const double scale = factors.cast<double>().norm() * rows.norm() + 1e-30;
  const double product_residual = (packed.multiply(factors).cast<double>() - expected).norm() / scale;
  const VectorD energies = expected.cwiseProduct(factors.cast<double>()).rowwise().sum();
  const double energy_residual =
      (packed.energies(factors) - energies).norm() / (scale * (factors.cast<double>().norm() + 1e-30));
  double alone_residual = 0.0;  // a row by itself takes a way of its own
  for (Eigen::Index row = 0; row < factors.rows(); ++row) {
    alone_residual += std::abs(packed.energies(factors.row(row))(0) - energies(row));
  }
  alone_residual /= scale * (factors.cast<double>().norm() + 1e-30);
  RC_LOG() << neurons << " neurons, residuals " << product_residual << ", " << energy_residual << " and "
           << alone_residual;
  RC_ASSERT(product_residual < 1e-5);
  RC_ASSERT(alone_residual < 1e-5);
  RC_ASSERT(energy_residual < 1e-5);
}

TEST(PackedMatrix, ProductsSpanSeveralPiecesOfAStrip) {
  const PackedMatrix packed = packed_moment(RandomBlock(61, 1, 1400, 30));
  const MatrixD rows = all_rows(packed).cast<double>();
  const VectorD expected = rows.colwise().sum().transpose();
  const VectorD actual = packed.multiply(MatrixF::Ones(1, 1400)).row(0).transpose().cast<double>();
  EXPECT_LT((actual - expected).norm(), 1e-5 * expected.norm());
  EXPECT_NEAR(packed.energies(MatrixF::Ones(1, 1400))(0), rows.sum(), 1e-5 * rows.sum());
}

TEST(PackedMatrix, TakesLittleMoreThanHalfAByteAPair) {
  EXPECT_LT(packed_moment(RandomBlock(62, 1, 1400, 8)).codes().size(), 1400U * 1400U * 6U / 10U);
}

TEST(PackedMatrix, CorrelationsAreItsEntriesOverTheRootsOfItsDiagonal) {
  const PackedMatrix packed = packed_moment(RandomBlock(64, 1, 200, 30));
  const MatrixF rows = all_rows(packed);
  const VectorF roots = packed.diagonal().cwiseSqrt();
  const MatrixF correlations = packed.correlations(128, 72);
  ASSERT_EQ(correlations.rows(), 72);
  ASSERT_EQ(correlations.cols(), 200);
  for (Eigen::Index i = 0; i < 72; ++i) {
    for (Eigen::Index j = 0; j < 200; ++j) {
      const float expected = j == 128 + i ? 0.0F : rows(128 + i, j) / (roots(128 + i) * roots(j));
      EXPECT_NEAR(correlations(i, j), expected, 1e-6F) << i << ", " << j;
    }
  }
}

RC_GTEST_PROP(PackedMatrix, ComesBackFromItsCodesBitForBit, ()) {
  const auto neurons = *rc::gen::inRange<Eigen::Index>(0, 300);
  const RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), 1, neurons, 20);
  const PackedMatrix packed = packed_moment(block);
  RC_ASSERT(packed.codes().size() == PackedMatrix::code_count(neurons));
  const PackedMatrix again(packed.diagonal(), packed.codes());
  RC_ASSERT(again.codes() == packed.codes());
  RC_ASSERT(all_rows(again) == all_rows(packed));
}

TEST(PackedMatrix, DeadNeuronsHaveNoEntries) {
  RandomBlock block(63, 1, 10, 30);
  block.second_moment.row(7).setZero();
  block.second_moment.col(7).setZero();
  EXPECT_EQ(packed_moment(block).row(7), VectorF::Zero(10));
}

TEST(PackedMatrixErrors, ShapesAndValues) {
  expect_error(ErrorKind::kInvalidArgument, {"matrix to pack", "3 x 4"},
               [] { (void)PackedMatrix::pack(MatrixF::Ones(3, 4)); });
  MatrixF moment = MatrixF::Identity(4, 4);
  const auto pack = [&moment] { (void)PackedMatrix::pack(moment); };
  moment(2, 2) = std::numeric_limits<float>::infinity();
  expect_error(ErrorKind::kNumerical, {"diagonal", "inf"}, pack);
  moment(2, 2) = -1.0F;
  expect_error(ErrorKind::kNumerical, {"diagonal", "-1", "never negative"}, pack);
  moment(2, 2) = 1.0F;
  moment(3, 1) = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"neurons 3 and 1", "nan"}, pack);
  moment(3, 1) = 2.0F;
  expect_error(ErrorKind::kNumerical, {"neurons 3 and 1", "root of their own"}, pack);
  const PackedMatrix packed = PackedMatrix::pack(MatrixF::Identity(3, 3));
  expect_error(ErrorKind::kInvalidArgument, {"rows", "5 x 4", "5 x 3"},
               [&] { (void)packed.energies(MatrixF::Ones(5, 4)); });
  expect_error(ErrorKind::kInvalidArgument, {"rows", "5 x 4", "5 x 3"},
               [&] { (void)packed.multiply(MatrixF::Ones(5, 4)); });
  expect_error(ErrorKind::kInvalidArgument, {"strip", "3 x 3", "2 x 3"}, [&] { (void)packed.correlations(1, 2); });
}

TEST(PackedMatrixErrors, CodesThatAreNone) {
  const PackedMatrix packed = packed_moment(RandomBlock(65, 1, 4, 30));
  const auto expect_refused = [&](const char* fragment, auto change) {
    std::vector<std::int8_t> codes = packed.codes();
    change(codes);
    expect_error(ErrorKind::kInvalidArgument, {fragment}, [&] { (void)PackedMatrix(packed.diagonal(), codes); });
  };
  expect_refused("15 codes of a packed matrix of 4 neurons, which has 16", [](auto& codes) { codes.pop_back(); });
  expect_refused("damaged", [](auto& codes) { ++codes[5]; });     // the diagonal
  expect_refused("damaged", [](auto& codes) { codes[1] ^= 1; });  // no longer its mirror image
  expect_refused("damaged", [](auto& codes) { codes[1] = codes[4] = -128; });
  expect_error(ErrorKind::kNumerical, {"never negative"},
               [&] { (void)PackedMatrix(-packed.diagonal(), packed.codes()); });
}

}  // namespace
}  // namespace prunenet
