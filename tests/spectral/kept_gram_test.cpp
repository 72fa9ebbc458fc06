#include "prunenet/spectral/kept_gram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <vector>

#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::RandomBlock;

/// Largest difference of the lower triangles, as a share of the largest entry of the Gram matrix where all stay.
double lower_residual(const Eigen::MatrixXf& actual, const MatrixD& expected, const MatrixD& whole) {
  if (actual.rows() != expected.rows() || actual.cols() != expected.cols()) {
    return std::numeric_limits<double>::infinity();
  }
  double largest = 0.0;
  for (Eigen::Index column = 0; column < expected.cols(); ++column) {
    for (Eigen::Index row = column; row < expected.rows(); ++row) {
      largest = std::max(largest, std::abs(static_cast<double>(actual(row, column)) - expected(row, column)));
    }
  }
  return largest / whole.cwiseAbs().maxCoeff();
}

/// At least one neuron.
std::vector<std::int64_t> some_kept(Rng& rng, std::int64_t neurons) {
  std::vector<std::int64_t> keep = testing::random_keep(rng, neurons, rng.uniform());
  if (keep.empty()) keep.push_back(static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(neurons))));
  return keep;
}

RC_GTEST_PROP(KeptGram, OfAResponseIsTheProductWrittenOut, ()) {
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(1, 20), *rc::gen::inRange(1, 50), 70);
  const KeptGram gram =
      KeptGram::of_response(MatrixF(block.down.cast<float>()), MatrixF(block.second_moment.cast<float>()));
  const auto keep = some_kept(block.rng, block.down.cols());
  const MatrixD down = block.down(Eigen::all, keep);
  const MatrixD expected = down * block.second_moment(keep, keep) * down.transpose();
  const MatrixD whole = block.down * block.second_moment * block.down.transpose();
  const double residual = lower_residual(gram(keep), expected, whole);
  RC_LOG() << keep.size() << " of " << block.down.cols() << " kept, residual " << residual;
  RC_ASSERT(gram.neurons() == block.down.cols());
  RC_ASSERT(gram.count(std::ssize(keep)) == std::min<std::int64_t>(std::ssize(keep), block.down.rows()));
  RC_ASSERT(residual < 1e-5);  // single precision, sums of up to 50 products of three
}

RC_GTEST_PROP(KeptGram, OfRowsIsTheSmallerOfTheTwoProducts, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  const MatrixD rows = testing::random_matrix(rng, *rc::gen::inRange(1, 50), *rc::gen::inRange(1, 50));
  const KeptGram gram = KeptGram::of_rows(MatrixF(rows.cast<float>()));
  const auto keep = some_kept(rng, rows.rows());
  const MatrixD kept = rows(keep, Eigen::all);
  const bool of_neurons = kept.rows() < kept.cols() || rows.rows() <= rows.cols();
  const MatrixD expected = of_neurons ? MatrixD(kept * kept.transpose()) : MatrixD(kept.transpose() * kept);
  const double residual = lower_residual(gram(keep), expected, rows.transpose() * rows);
  RC_LOG() << kept.rows() << " of " << rows.rows() << " rows of " << rows.cols() << " kept, residual " << residual;
  RC_ASSERT(gram.count(std::ssize(keep)) == std::min(kept.rows(), kept.cols()));
  RC_ASSERT(residual < 1e-5);
}

TEST(KeptGram, IsZeroWhereNothingIsWritten) {
  RandomBlock block(5, 4, 6, 20);
  const MatrixF moment = block.second_moment.cast<float>();
  EXPECT_TRUE(KeptGram::of_response(MatrixF::Zero(4, 6), moment).is_zero());
  EXPECT_FALSE(KeptGram::of_response(MatrixF(block.down.cast<float>()), moment).is_zero());
  EXPECT_TRUE(KeptGram::of_rows(MatrixF::Zero(4, 6)).is_zero());
}

TEST(KeptGram, WhatCannotBeAskedOfIt) {
  const MatrixF moment = MatrixF::Identity(6, 6);
  MatrixF down = MatrixF::Ones(4, 6);
  expect_error(ErrorKind::kInvalidArgument, {"5 x 5", "6 x 6"},
               [&] { (void)KeptGram::of_response(down, MatrixF::Identity(5, 5)); });
  const KeptGram gram = KeptGram::of_response(down, moment);
  expect_error(ErrorKind::kInvalidArgument, {"no neurons"}, [&] { (void)gram(std::vector<std::int64_t>{}); });
  expect_error(ErrorKind::kInvalidArgument, {"keep index 6"}, [&] { (void)gram(std::vector<std::int64_t>{1, 6}); });
  down(1, 2) = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"[1, 2]"}, [&] { (void)KeptGram::of_response(down, moment); });
  expect_error(ErrorKind::kNumerical, {"[1, 2]"}, [&] { (void)KeptGram::of_rows(down); });
}

}  // namespace
}  // namespace prunenet
