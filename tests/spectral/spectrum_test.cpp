#include "prunenet/spectral/spectrum.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::jacobi_singular_values;
using testing::random_matrix;
using testing::square_residual;

RC_GTEST_PROP(Spectrum, AgreesWithJacobi, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  const MatrixD matrix = random_matrix(rng, *rc::gen::inRange(1, 40), *rc::gen::inRange(1, 40));
  const VectorD values = singular_values(matrix);
  const double residual = square_residual(values, jacobi_singular_values(matrix));
  RC_LOG() << matrix.rows() << " x " << matrix.cols() << ", residual " << residual;
  RC_ASSERT(residual < 1e-13);
}

RC_GTEST_PROP(Spectrum, SquaresSumToFrobeniusNorm, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  const MatrixD matrix = random_matrix(rng, *rc::gen::inRange(1, 40), *rc::gen::inRange(1, 40));
  const double residual = std::abs(singular_values(matrix).squaredNorm() / matrix.squaredNorm() - 1.0);
  RC_LOG() << "residual " << residual;
  RC_ASSERT(residual < 1e-13);
}

RC_GTEST_PROP(Spectrum, DoesNotDependOnOrderOrSideOrSign, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  const MatrixD matrix = random_matrix(rng, *rc::gen::inRange(1, 20), *rc::gen::inRange(1, 20));
  const VectorD values = singular_values(matrix);
  for (const MatrixD& same : {MatrixD(matrix.rowwise().reverse()), MatrixD(matrix.colwise().reverse()),
                              MatrixD(matrix.transpose()), MatrixD(-matrix)}) {
    const double residual = square_residual(singular_values(same), values);
    RC_LOG() << "residual " << residual;
    RC_ASSERT(residual < 1e-13);
  }
}

TEST(Spectrum, LowRankHasZerosAndNoNaN) {
  Rng rng(3);
  const MatrixD matrix = random_matrix(rng, 30, 4) * random_matrix(rng, 4, 20);
  const VectorD values = singular_values(matrix);
  ASSERT_EQ(values.size(), 20);
  EXPECT_TRUE(values.allFinite());
  EXPECT_TRUE((values.array() >= 0.0).all());
  EXPECT_LT(values(4) / values(0), 1e-6) << "fifth of rank 4: " << values(4) << ", first " << values(0);
}

TEST(Spectrum, OfNothingIsEmpty) {
  EXPECT_EQ(singular_values(MatrixD(0, 5)).size(), 0);
  EXPECT_EQ(singular_values(MatrixD(5, 0)).size(), 0);
  EXPECT_EQ(symmetric_square_root(MatrixD(0, 0)).size(), 0);
}

TEST(Spectrum, IsDescending) {
  Rng rng(4);
  const VectorD values = singular_values(random_matrix(rng, 12, 30));
  for (Eigen::Index i = 1; i < values.size(); ++i) EXPECT_LE(values(i), values(i - 1));
}

TEST(SymmetricSquareRoot, SquaresToTheMatrix) {
  Rng rng(5);
  const MatrixD factor = random_matrix(rng, 25, 10);
  const MatrixD matrix = factor * factor.transpose();  // rank 10 of 25
  const MatrixD root = symmetric_square_root(matrix);
  const double residual = (root * root - matrix).norm() / matrix.norm();
  EXPECT_LT(residual, 1e-13) << "residual " << residual;
  EXPECT_LT((root - root.transpose()).norm(), 1e-12 * root.norm());
}

TEST(SpectrumErrors, NotFinite) {
  MatrixD matrix = MatrixD::Ones(3, 4);
  matrix(1, 2) = std::numeric_limits<double>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"nan", "[1, 2]", "3 x 4"}, [&] { (void)singular_values(matrix); });
}

TEST(SpectrumErrors, GramNotSquareOrCountOutside) {
  expect_error(ErrorKind::kInvalidArgument, {"2 x 3", "2 x 2"},
               [] { (void)singular_values_of_gram(MatrixD::Ones(2, 3), 1); });
  expect_error(ErrorKind::kInvalidArgument, {"4 singular values", "3 x 3"},
               [] { (void)singular_values_of_gram(MatrixD::Identity(3, 3), 4); });
}

TEST(SymmetricSquareRootErrors, NotSymmetricOrNotPositive) {
  MatrixD matrix = MatrixD::Identity(3, 3);
  matrix(0, 2) = 0.5;
  expect_error(ErrorKind::kInvalidArgument, {"not symmetric", "0.5"}, [&] { (void)symmetric_square_root(matrix); });
  matrix(2, 0) = 0.5;
  matrix(1, 1) = -2.0;
  expect_error(ErrorKind::kInvalidArgument, {"not positive semi-definite", "-2"},
               [&] { (void)symmetric_square_root(matrix); });
}

}  // namespace
}  // namespace prunenet
