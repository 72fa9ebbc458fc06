#include "prunenet/spectral/packed_coupling.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "prunenet/spectral/schatten2.h"
#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::RandomBlock;

/// As it is packed, and K in double.
struct Packed {
  explicit Packed(const RandomBlock& block)
      : coupling(response_coupling(block.down, block.second_moment)),
        packed(block.down.cast<float>(), block.second_moment.cast<float>()) {}
  MatrixD coupling;
  PackedCoupling packed;
};

/// What the header says of an entry, and some rounding.
double bound(const MatrixD& coupling, Eigen::Index i, Eigen::Index j) {
  const double scale = std::sqrt(coupling(i, i) * coupling(j, j));
  const double correlation = std::min(std::abs(coupling(i, j)) / scale, 1.0);
  return scale * (std::sqrt(correlation) / 127.0 + 1.0 / (254.0 * 254.0) + 1e-5);
}

MatrixF all_rows(const PackedCoupling& packed) {
  MatrixF rows(packed.neurons(), packed.neurons());
  for (Eigen::Index i = 0; i < rows.rows(); ++i) rows.row(i) = packed.row(i).transpose();
  return rows;
}

RC_GTEST_PROP(PackedCoupling, EveryEntryIsWithinItsStatedError, ()) {
  const auto neurons = *rc::gen::inRange<Eigen::Index>(1, 300);  // more than a strip has rows
  const RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(1, 9), neurons, 20);
  const Packed both(block);
  const MatrixF rows = all_rows(both.packed);
  for (Eigen::Index i = 0; i < neurons; ++i) {
    for (Eigen::Index j = 0; j < neurons; ++j) {
      const double error = std::abs(rows(i, j) - both.coupling(i, j));
      RC_LOG() << "[" << i << ", " << j << "] of " << neurons << ": error " << error;
      RC_ASSERT(error <= bound(both.coupling, i, j));
    }
  }
}

RC_GTEST_PROP(PackedCoupling, ProductsAreThoseOfItsRows, ()) {
  const auto neurons = *rc::gen::inRange<Eigen::Index>(1, 300);
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), 5, neurons, 20);
  const PackedCoupling packed(block.down.cast<float>(), block.second_moment.cast<float>());
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

TEST(PackedCoupling, ProductsSpanSeveralPiecesOfAStrip) {
  const RandomBlock block(61, 6, 1400, 30);
  const PackedCoupling packed(block.down.cast<float>(), block.second_moment.cast<float>());
  const MatrixD rows = all_rows(packed).cast<double>();
  const VectorD expected = rows.colwise().sum().transpose();
  const VectorD actual = packed.multiply(MatrixF::Ones(1, 1400)).row(0).transpose().cast<double>();
  EXPECT_LT((actual - expected).norm(), 1e-5 * expected.norm());
  EXPECT_NEAR(packed.energies(MatrixF::Ones(1, 1400))(0), rows.sum(), 1e-5 * rows.sum());
}

TEST(PackedCoupling, TakesLittleMoreThanHalfAByteAPair) {
  const RandomBlock block(62, 2, 1400, 8);
  const Packed both(block);
  EXPECT_LT(both.packed.bytes(), 1400U * 1400U * 6U / 10U);
}

TEST(PackedCoupling, DeadNeuronsHaveNoCoupling) {
  RandomBlock block(63, 4, 10, 30);
  block.down.col(3).setZero();
  block.second_moment.row(7).setZero();
  block.second_moment.col(7).setZero();
  const PackedCoupling packed(block.down.cast<float>(), block.second_moment.cast<float>());
  for (const Eigen::Index dead : {3, 7}) EXPECT_EQ(packed.row(dead), VectorF::Zero(10)) << dead;
}

TEST(PackedCouplingErrors, ShapesAndValues) {
  expect_error(ErrorKind::kInvalidArgument, {"second moment", "3 x 3", "4 x 4"},
               [] { PackedCoupling(MatrixF::Ones(2, 4), MatrixF::Ones(3, 3)); });
  MatrixF moment = MatrixF::Identity(4, 4);
  const auto pack = [&moment] { PackedCoupling(MatrixF::Ones(2, 4), moment); };
  moment(2, 2) = std::numeric_limits<float>::infinity();
  expect_error(ErrorKind::kNumerical, {"diagonal", "inf"}, pack);
  moment(2, 2) = -1.0F;
  expect_error(ErrorKind::kNumerical, {"diagonal", "-2", "never negative"}, pack);
  moment(2, 2) = 1.0F;
  moment(3, 1) = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"neurons 3 and 1", "nan"}, pack);
  moment(3, 1) = 2.0F;
  expect_error(ErrorKind::kNumerical, {"neurons 3 and 1", "root of their own"}, pack);
  const PackedCoupling packed(MatrixF::Ones(2, 3), MatrixF::Identity(3, 3));
  expect_error(ErrorKind::kInvalidArgument, {"rows", "5 x 4", "5 x 3"},
               [&] { (void)packed.energies(MatrixF::Ones(5, 4)); });
  expect_error(ErrorKind::kInvalidArgument, {"rows", "5 x 4", "5 x 3"},
               [&] { (void)packed.multiply(MatrixF::Ones(5, 4)); });
}

}  // namespace
}  // namespace prunenet
