#include "prunenet/spectral/packed_coupling.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "prunenet/spectral/schatten2.h"
#include "spectral/packed_bound.h"
#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::all_rows;
using testing::expect_error;
using testing::RandomBlock;

PackedMatrix of_floats(const RandomBlock& block) {
  return pack_coupling(block.down.cast<float>(), block.second_moment.cast<float>());
}
PackedMatrix of_packed(const RandomBlock& block) {
  return pack_coupling(block.down.cast<float>(), PackedMatrix::pack(block.second_moment.cast<float>()));
}

RC_GTEST_PROP(PackedCoupling, EveryEntryIsWithinItsStatedError, ()) {
  const auto neurons = *rc::gen::inRange<Eigen::Index>(1, 300);  // more than a strip has rows
  const RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(1, 9), neurons, 20);
  const MatrixD coupling = response_coupling(block.down, block.second_moment);
  const MatrixF once = all_rows(of_floats(block));
  const MatrixF twice = all_rows(of_packed(block));
  for (Eigen::Index i = 0; i < neurons; ++i) {
    for (Eigen::Index j = 0; j < neurons; ++j) {
      const double error = std::abs(once(i, j) - coupling(i, j));
      const double error_of_packed = std::abs(twice(i, j) - coupling(i, j));
      RC_LOG() << "[" << i << ", " << j << "] of " << neurons << ": errors " << error << ", " << error_of_packed;
      RC_ASSERT(error <= testing::packed_once(coupling, i, j));
      RC_ASSERT(error_of_packed <= testing::packed_twice(coupling, i, j));
    }
  }
}

TEST(PackedCoupling, DiagonalIsThatOfTheCoupling) {
  const RandomBlock block(64, 7, 150, 30);
  const VectorF expected = response_coupling(block.down, block.second_moment).diagonal().cast<float>();
  for (const PackedMatrix& packed : {of_floats(block), of_packed(block)}) {
    EXPECT_LT((packed.diagonal() - expected).cwiseQuotient(expected).cwiseAbs().maxCoeff(), 1e-6F);
  }
}

TEST(PackedCoupling, DeadNeuronsHaveNone) {
  RandomBlock block(63, 4, 10, 30);
  block.down.col(3).setZero();
  block.second_moment.row(7).setZero();
  block.second_moment.col(7).setZero();
  for (const PackedMatrix& packed : {of_floats(block), of_packed(block)}) {
    for (const Eigen::Index dead : {3, 7}) EXPECT_EQ(packed.row(dead), VectorF::Zero(10)) << dead;
  }
}

TEST(PackedCouplingErrors, ShapesAndValues) {
  expect_error(ErrorKind::kInvalidArgument, {"second moment", "3 x 3", "4 x 4"},
               [] { (void)pack_coupling(MatrixF::Ones(2, 4), MatrixF(MatrixF::Ones(3, 3))); });
  expect_error(ErrorKind::kInvalidArgument, {"second moment", "3 x 1", "4 x 1"},
               [] { (void)pack_coupling(MatrixF::Ones(2, 4), PackedMatrix::pack(MatrixF::Ones(3, 3))); });
  MatrixF moment = MatrixF::Identity(4, 4);
  moment(2, 2) = -1.0F;
  expect_error(ErrorKind::kNumerical, {"diagonal", "-2", "never negative"},
               [&] { (void)pack_coupling(MatrixF::Ones(2, 4), moment); });
  MatrixF down = MatrixF::Ones(2, 4);
  down(1, 2) = std::numeric_limits<float>::infinity();
  expect_error(ErrorKind::kNumerical, {"diagonal", "inf"},
               [&] { (void)pack_coupling(down, PackedMatrix::pack(MatrixF::Ones(4, 4))); });
}

}  // namespace
}  // namespace prunenet
