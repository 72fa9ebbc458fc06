#include "prunenet/spectral/symmetric_product.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "spectral/random_block.h"

namespace prunenet {
namespace {

TEST(VectorColumns, LieOnBoundariesOfEightAndAreZeros) {
  const VectorColumns columns(13, 3);
  ASSERT_EQ(columns.stride(), 16);
  for (Eigen::Index column = 0; column < 3; ++column) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(columns.column(column)) % 32, 0U);
    for (Eigen::Index row = 0; row < 16; ++row) EXPECT_EQ(columns.column(column)[row], 0.0F);
  }
}

RC_GTEST_PROP(SymmetricProduct, IsThatOfTheWholeMatrix, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  const auto size = *rc::gen::inRange<Eigen::Index>(1, 70);
  const auto first = *rc::gen::inRange<Eigen::Index>(0, size);
  const MatrixD lower = testing::random_matrix(rng, size, size);
  const VectorD right = testing::random_matrix(rng, size, 1);
  VectorColumns matrix(size, VectorColumns::padded(size));
  VectorColumns x(size, 1);
  VectorColumns y(size, 1);
  VectorColumns sums(size, 1);
  for (Eigen::Index column = 0; column < size; ++column) {
    for (Eigen::Index row = 0; row < size; ++row) {
      // What is above the diagonal is not read, whatever it is.
      matrix.column(column)[row] =
          row < column ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(lower(row, column));
    }
  }
  for (Eigen::Index row = first; row < size; ++row) x.column(0)[row] = static_cast<float>(right(row));
  symmetric_product(matrix, first, x.column(0), y.column(0), sums.column(0));

  const Eigen::Index count = size - first;
  const VectorD expected =
      lower.bottomRightCorner(count, count).selfadjointView<Eigen::Lower>() * right.tail(count).eval();
  const VectorD actual = Eigen::Map<const VectorF>(y.column(0) + first, count).cast<double>();
  const double residual = (actual - expected).cwiseAbs().maxCoeff() / lower.cwiseAbs().maxCoeff();
  RC_LOG() << size << " rows from " << first << " on, residual " << residual;
  RC_ASSERT(residual < 2e-5);  // single precision, sums of up to 69 products
}

}  // namespace
}  // namespace prunenet
