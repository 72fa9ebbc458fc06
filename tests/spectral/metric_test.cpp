#include "prunenet/spectral/metric.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;

RC_GTEST_PROP(MetricFactor, ItsSquareIsTheMetric, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  const auto side = *rc::gen::inRange<Eigen::Index>(0, 40);
  const auto rank = *rc::gen::inRange<Eigen::Index>(0, 60);  // singular where it is below the side
  const double scale = *rc::gen::element(1e-10, 1.0, 1e10);
  const MatrixD gradients = testing::random_matrix(rng, rank, side) * scale;
  const MatrixF metric = (gradients.transpose() * gradients).cast<float>();
  const MatrixD factor = metric_factor(metric);
  const double residual = (factor.transpose() * factor - metric.cast<double>()).norm();
  RC_LOG() << side << " x " << side << " of rank " << rank << ", residual " << residual;
  const double largest = side > 0 ? metric.diagonal().maxCoeff() : 0.0;
  RC_ASSERT(residual <= 1.1e-6 * static_cast<double>(side) * largest);  // as stated, and the arithmetic's rounding
}

TEST(MetricFactorErrors, WhatIsNoMetric) {
  expect_error(ErrorKind::kInvalidArgument, {"metric", "2 x 3"}, [] { (void)metric_factor(MatrixF::Ones(2, 3)); });
  expect_error(ErrorKind::kInvalidArgument, {"not positive semi-definite", "3 x 3"},
               [] { (void)metric_factor(-MatrixF::Identity(3, 3)); });
  MatrixF indefinite = MatrixF::Constant(2, 2, 2.0F);
  indefinite.diagonal().setOnes();
  expect_error(ErrorKind::kInvalidArgument, {"pivot is -3", "entry is 1"}, [&] { (void)metric_factor(indefinite); });
  MatrixF metric = MatrixF::Identity(3, 3);
  metric(2, 1) = 0.5F;
  expect_error(ErrorKind::kInvalidArgument, {"not symmetric"}, [&] { (void)metric_factor(metric); });
  metric(2, 1) = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"nan", "[2, 1]"}, [&] { (void)metric_factor(metric); });
}

}  // namespace
}  // namespace prunenet
