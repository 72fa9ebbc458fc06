#include "prunenet/heal/fit.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "heal/random_states.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::least_squares_by_qr;
using testing::RandomStates;

// Of normal equations in double on well-conditioned states, relative to the solution.
constexpr double kTolerance = 1e-9;

double relative_difference(const Refit& actual, const Refit& expected) {
  double difference = (actual.weight - expected.weight).norm() / expected.weight.norm();
  if (expected.bias.size() > 0) difference += (actual.bias - expected.bias).norm() / expected.bias.norm();
  return difference;
}

class RefitOracle : public ::testing::TestWithParam<std::tuple<double, bool>> {};

TEST_P(RefitOracle, IsLeastSquaresByQr) {
  const auto [lambda, bias] = GetParam();
  const RandomStates states(1, 200, 5, 12);
  const Refit found = refit(states.moments(bias), lambda);
  EXPECT_EQ(found.bias.size(), bias ? 5 : 0);
  EXPECT_LT(relative_difference(found, least_squares_by_qr(states.responses, states.errors, lambda, bias)), kTolerance);
  EXPECT_NEAR(error_of(states.moments(bias), found) / states.error_with(found), 1.0, kTolerance);
}

INSTANTIATE_TEST_SUITE_P(Lambdas, RefitOracle,
                         ::testing::Combine(::testing::Values(0.0, 1e-5, 1e-3, 0.1), ::testing::Bool()));

TEST(Refit, IsZeroWhereThereIsNoError) {
  RandomStates states(2, 50, 4, 6);
  states.errors.setZero();
  for (const bool bias : {false, true}) {
    const ChosenFit fit = choose_fit(states.moments(bias), states.moments(bias), std::array{0.0, 1e-3});
    EXPECT_EQ(fit.refit.weight.norm(), 0.0);
    EXPECT_EQ(fit.refit.bias.norm(), 0.0);
    EXPECT_FALSE(fit.quality.lambda.has_value());
    EXPECT_EQ(fit.quality.error_before, 0.0);
  }
}

TEST(Refit, IsZeroWhereNothingResponds) {
  RandomStates states(3, 50, 4, 6);
  states.responses.setZero();
  const Refit found = refit(states.moments(false), 1e-3);
  EXPECT_EQ(found.weight.norm(), 0.0);
}

/// Neurons that are removed and have a twin among those that stay lose nothing.
TEST(Refit, IsExactWhereRemovedNeuronsAreCopies) {
  RandomStates states(4, 60, 4, 6);
  const MatrixD removed_columns = testing::random_matrix(states.rng, 4, 6);
  states.errors = 2.0 * states.responses * removed_columns.transpose();
  const Refit found = refit(states.moments(false), 0.0);
  const double residual = (found.weight - 2.0 * removed_columns).norm() / removed_columns.norm();
  EXPECT_LT(residual, kTolerance);
  EXPECT_LT(states.error_with(found) / states.errors.squaredNorm(), kTolerance * kTolerance);
}

RC_GTEST_PROP(Refit, IsNeverWorseOnItsOwnTokens, ()) {
  const auto tokens = *rc::gen::inRange<Eigen::Index>(1, 40);
  const auto k = *rc::gen::inRange<Eigen::Index>(1, 12);
  const auto d = *rc::gen::inRange<Eigen::Index>(1, 6);
  const double lambda = std::pow(10.0, -static_cast<double>(*rc::gen::inRange(0, 6)));
  const bool bias = *rc::gen::arbitrary<bool>();
  const RandomStates states(*rc::gen::arbitrary<std::uint64_t>(), tokens, d, k);
  const FitMoments moments = states.moments(bias);
  const double after = states.error_with(refit(moments, lambda));
  RC_LOG() << "error " << moments.error << " -> " << after;
  RC_ASSERT(after <= moments.error * (1.0 + kTolerance));
  // And better the less it is held back.
  RC_ASSERT(states.error_with(refit(moments, lambda / 10.0)) <= after * (1.0 + kTolerance) + kTolerance);
}

TEST(ChooseFit, TakesWhatIsBestOnHeldOutTokens) {
  const RandomStates fitting(5, 14, 3, 12);  // few: the least lambda fits the sample
  const RandomStates held_out(5, 500, 3, 12);
  const std::array lambdas{1e-6, 1e-3, 1e-1, 1.0};
  const FitMoments others = held_out.moments(false);
  const ChosenFit fit = choose_fit(fitting.moments(false), others, lambdas);
  double least = others.error;
  for (const double lambda : lambdas) {
    least = std::min(least, held_out.error_with(refit(fitting.moments(false), lambda)));
  }
  EXPECT_NEAR(fit.quality.held_out_after, least / others.target, kTolerance);
  EXPECT_NEAR(fit.quality.held_out_before, 0.5, kTolerance);
  EXPECT_NEAR(fit.quality.error_after, fitting.error_with(fit.refit) / fitting.moments(false).target, kTolerance);
}

TEST(ChooseFit, LeavesTheProjectionWhereNoLambdaHelps) {
  const RandomStates fitting(6, 100, 3, 5);
  RandomStates held_out(7, 100, 3, 5);
  held_out.errors = -fitting.errors;
  held_out.responses = fitting.responses;
  const ChosenFit fit = choose_fit(fitting.moments(true), held_out.moments(true), std::array{1e-3, 1e-1});
  EXPECT_FALSE(fit.quality.lambda.has_value());
  EXPECT_EQ(fit.refit.weight.norm() + fit.refit.bias.norm(), 0.0);
  EXPECT_EQ(fit.quality.held_out_after, fit.quality.held_out_before);
}

TEST(RefitErrors, SingularMoments) {
  const RandomStates few(8, 5, 3, 12);
  expect_error(ErrorKind::kNumerical, {"12 kept responses", "singular at lambda 0", "larger lambda"},
               [&] { (void)refit(few.moments(false), 0.0); });
  EXPECT_LT(error_of(few.moments(false), refit(few.moments(false), 1e-3)), few.moments(false).error);
}

}  // namespace
}  // namespace prunenet
