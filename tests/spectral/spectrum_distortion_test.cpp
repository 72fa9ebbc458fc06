#include "prunenet/spectral/spectrum_distortion.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "prunenet/spectral/distortion_problem.h"
#include "prunenet/spectral/response_operator.h"
#include "prunenet/spectral/tridiagonal.h"
#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::RandomBlock;

MatrixD random_symmetric(Rng& rng, Eigen::Index size) {
  const MatrixD matrix = testing::random_matrix(rng, size, size);
  return matrix + matrix.transpose();
}

RC_GTEST_PROP(Tridiagonal, HasTheEigenvaluesOfTheMatrixAndCountsThem, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  const MatrixD matrix = random_symmetric(rng, *rc::gen::inRange(1, 80));
  const VectorD expected = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(matrix).eigenvalues();
  const double scale = expected.cwiseAbs().maxCoeff();
  Eigen::MatrixXf single = matrix.cast<float>();
  const Tridiagonal tridiagonal = tridiagonalise(single);
  const double residual = (eigenvalues(tridiagonal).cast<double>() - expected).cwiseAbs().maxCoeff() / scale;
  RC_LOG() << "residual " << residual;
  RC_ASSERT(residual < 1e-5);
  // Halfway between neighbours that single precision tells apart, and beyond both ends.
  std::vector<std::pair<float, std::int64_t>> asked = {{static_cast<float>(expected(0) - scale), 0},
                                                       {static_cast<float>(2.0 * scale), expected.size()}};
  for (Eigen::Index i = 0; i + 1 < expected.size(); ++i) {
    if (expected(i + 1) - expected(i) < 1e-4 * scale) continue;
    asked.emplace_back(static_cast<float>(0.5 * (expected(i) + expected(i + 1))), i + 1);
  }
  VectorF thresholds(static_cast<Eigen::Index>(asked.size()));
  std::vector<std::int64_t> counts;
  for (const auto& [threshold, count] : asked) {
    thresholds(static_cast<Eigen::Index>(counts.size())) = threshold;
    counts.push_back(count);
  }
  RC_ASSERT(count_below(tridiagonal, thresholds) == counts);
}

TEST(Tridiagonal, PivotsThatVanishAreCounted) {
  const Tridiagonal split{VectorF::Constant(4, 1.0F), VectorF::Zero(3)};
  EXPECT_EQ(count_below(split, VectorF{{0.5F, 1.5F}}), (std::vector<std::int64_t>{0, 4}));
  const Tridiagonal swing{VectorF::Zero(2), VectorF::Constant(1, 1.0F)};  // eigenvalues -1 and 1
  EXPECT_EQ(count_below(swing, VectorF{{-2.0F, 0.0F, 2.0F}}), (std::vector<std::int64_t>{0, 1, 2}));
}

TEST(Tridiagonal, OfWhatIsNotFinite) {
  Eigen::MatrixXf matrix = Eigen::MatrixXf::Identity(5, 5);
  matrix(3, 1) = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"5 x 5", "not finite"}, [&] { (void)tridiagonalise(matrix); });
  Eigen::MatrixXf oblong(2, 3);
  expect_error(ErrorKind::kInvalidArgument, {"2 x 3"}, [&] { (void)tridiagonalise(oblong); });
  Eigen::MatrixXf empty(0, 0);
  EXPECT_EQ(eigenvalues(tridiagonalise(empty)).size(), 0);
}

/// Distortions in single precision beside those in double, of the same operator.
void expect_those_of_double(const KeptGram& gram, const std::shared_ptr<const SpectralOperator>& in_double,
                            const std::vector<std::int64_t>& keep) {
  for (const Distortion kind : {Distortion::kMirsky, Distortion::kNuclear}) {
    const double expected = DistortionProblem(in_double, kind).distortion(keep);
    const double actual = SpectrumDistortion(gram, kind)(keep);
    RC_LOG() << to_string(kind) << ": " << actual << " against " << expected;
    RC_ASSERT(std::abs(actual - expected) < 2e-3);  // roots of eigenvalues near 0 keep half of the digits
  }
  const DistortionProblem problem(in_double, Distortion::kKs);
  const double expected = problem.distortion(keep);
  const double actual = SpectrumDistortion(gram, Distortion::kKs)(keep);
  // One value of either spectrum on the other side of one of the other: rounding can do that where they nearly agree.
  const auto count = static_cast<double>(std::min<Eigen::Index>(problem.dense_spectrum().size(), std::ssize(keep)));
  RC_LOG() << "ks: " << actual << " against " << expected;
  RC_ASSERT(std::abs(actual - expected) < 1.0 / count + 1e-12);
}

std::vector<std::int64_t> at_least_one(Rng& rng, std::int64_t neurons) {
  std::vector<std::int64_t> keep = testing::random_keep(rng, neurons, rng.uniform());
  if (keep.empty()) keep.push_back(0);
  return keep;
}

RC_GTEST_PROP(SpectrumDistortion, OfAResponseIsThatOfDouble, ()) {
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(1, 20), *rc::gen::inRange(2, 50), 70);
  expect_those_of_double(
      KeptGram::of_response(MatrixF(block.down.cast<float>()), MatrixF(block.second_moment.cast<float>())),
      std::make_shared<ResponseOperator>(block.down, block.second_moment), at_least_one(block.rng, block.down.cols()));
}

RC_GTEST_PROP(SpectrumDistortion, OfWeightsIsThatOfDouble, ()) {
  const auto neurons = *rc::gen::inRange<Eigen::Index>(2, 60);
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(1, 20), neurons, 70);
  const MatrixF up = testing::random_matrix(block.rng, neurons, block.down.rows()).cast<float>();
  const MatrixF down = block.down.cast<float>();
  for (const OperatorKind kind : {OperatorKind::kUp, OperatorKind::kDown, OperatorKind::kJoint}) {
    expect_those_of_double(KeptGram::of_rows(weight_rows(kind, {}, up, down)), make_weight_operator(kind, {}, up, down),
                           at_least_one(block.rng, neurons));
  }
}

TEST(SpectrumDistortion, WhatItCannotBeMadeOf) {
  const KeptGram zero = KeptGram::of_rows(MatrixF::Zero(5, 3));
  expect_error(ErrorKind::kNumerical, {"5 neurons", "no energy"}, [&] { SpectrumDistortion(zero, Distortion::kKs); });
  expect_error(ErrorKind::kInvalidArgument, {"schatten2"},
               [] { SpectrumDistortion(KeptGram::of_rows(MatrixF::Ones(5, 3)), Distortion::kSchatten2); });
}

}  // namespace
}  // namespace prunenet
