#include "prunenet/spectral/leading.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/response_operator.h"
#include "prunenet/spectral/weight_operator.h"
#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::random_keep;
using testing::random_matrix;
using testing::RandomBlock;
using testing::square_residual;

void expect_leading_of(const SpectralOperator& spectral_operator, const std::vector<std::int64_t>& keep,
                       std::int64_t count, Eigen::Index side) {
  LeadingOptions options;
  options.count = count;
  const LeadingSpectrum leading = spectral_operator.leading_spectrum(keep, options);
  const VectorD exact = spectral_operator.spectrum(keep);
  RC_ASSERT(leading.status == SolveStatus::kConverged);
  RC_ASSERT(leading.size == exact.size());
  RC_ASSERT((leading.products > 0) == (leading.size > 1));
  RC_ASSERT(leading.leading.size() == std::min({count, leading.size, std::max<std::int64_t>(side - 1, 1)}));
  const VectorD head = exact.head(leading.leading.size());
  const double residual = square_residual(leading.leading, head);
  const double energy = exact.squaredNorm();
  const double tail = energy - head.squaredNorm();
  RC_LOG() << "values " << count << " of " << exact.size() << ", residual " << residual << ", tail "
           << leading.tail_energy << " against " << tail << " of " << energy;
  RC_ASSERT(residual < 1e-9);
  RC_ASSERT(std::abs(leading.tail_energy - tail) <= 1e-9 * energy);
}

RC_GTEST_PROP(Leading, AgreesWithTheExactResponseSpectrum, ()) {
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(1, 30), *rc::gen::inRange(1, 60), 80);
  const ResponseOperator response(block.down, block.second_moment);
  const auto keep = random_keep(block.rng, response.neurons());
  expect_leading_of(response, keep, *rc::gen::inRange(1, 12), block.down.rows());
}

RC_GTEST_PROP(Leading, AgreesWithTheExactWeightSpectrum, ()) {
  Rng rng(*rc::gen::arbitrary<std::uint64_t>());
  const Eigen::Index hidden = *rc::gen::inRange(1, 30);
  const WeightOperator weight(random_matrix(rng, *rc::gen::inRange(1, 60), hidden));
  const auto keep = random_keep(rng, weight.neurons());
  expect_leading_of(weight, keep, *rc::gen::inRange(1, 12), hidden);
}

TEST(Leading, WholeTailOfALowRankIsNearZero) {
  Rng rng(21);
  const WeightOperator weight(random_matrix(rng, 40, 3) * random_matrix(rng, 3, 25));
  LeadingOptions options;
  options.count = 3;
  const LeadingSpectrum spectrum = weight.leading_spectrum(all_neurons(40), options);
  EXPECT_EQ(spectrum.status, SolveStatus::kConverged);
  EXPECT_LT(spectrum.tail_energy / weight.total_energy(), 1e-9);
}

TEST(Leading, NotConvergingIsAStatus) {
  // Equally spaced eigenvalues, a basis barely above k, one restart and no tolerance to speak of.
  const VectorD diagonal = VectorD::LinSpaced(400, 1.0, 1.001);
  const GramOperator gram{
      400, [&](const Eigen::Ref<const VectorD>& x, Eigen::Ref<VectorD> y) { y = diagonal.cwiseProduct(x); }};
  const LeadingSpectrum spectrum = leading_singular_values(
      gram, diagonal.sum(), 400, {.count = 8, .basis = 9, .max_iterations = 1, .tolerance = 1e-14});
  EXPECT_EQ(spectrum.status, SolveStatus::kNotConverged);
  EXPECT_LT(spectrum.leading.size(), 8);
}

TEST(Leading, SameInputSameValues) {
  RandomBlock block(22, 20, 50, 80);
  const ResponseOperator response(block.down, block.second_moment);
  const auto keep = random_keep(block.rng, 50);
  EXPECT_EQ(response.leading_spectrum(keep, {.count = 6}).leading,
            response.leading_spectrum(keep, {.count = 6}).leading);
}

TEST(Leading, ZeroOperatorHasZeroValues) {
  const GramOperator gram{5, [](const Eigen::Ref<const VectorD>&, Eigen::Ref<VectorD> y) { y.setZero(); }};
  const LeadingSpectrum spectrum = leading_singular_values(gram, 0.0, 5, {.count = 3});
  EXPECT_EQ(spectrum.leading, VectorD::Zero(3));
  EXPECT_EQ(spectrum.tail_energy, 0.0);
}

RC_GTEST_PROP(Leading, MirskyFromLeadingValuesBoundsMirskyFromBelow, ()) {
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(3, 25), *rc::gen::inRange(4, 50), 60);
  const ResponseOperator response(block.down, block.second_moment);
  const auto everything = all_neurons(response.neurons());
  const auto keep = random_keep(block.rng, response.neurons());
  const LeadingOptions options{.count = *rc::gen::inRange(1, 12)};
  const double bound =
      mirsky_lower_bound(response.leading_spectrum(everything, options), response.leading_spectrum(keep, options));
  const double exact = mirsky_distortion(response.spectrum(everything), response.spectrum(keep));
  RC_LOG() << "bound " << bound << ", exact " << exact;
  RC_ASSERT(bound >= 0.0);
  RC_ASSERT(bound <= exact + 1e-9);
}

TEST(Leading, OperatorThatGivesNoNumbersDoesNotConverge) {
  const GramOperator gram{6, [](const Eigen::Ref<const VectorD>& x, Eigen::Ref<VectorD> y) {
                            y = x * std::numeric_limits<double>::quiet_NaN();
                          }};
  const LeadingSpectrum spectrum = leading_singular_values(gram, 6.0, 6, {.count = 2});
  EXPECT_EQ(spectrum.status, SolveStatus::kNotConverged);
  EXPECT_EQ(spectrum.leading.size(), 0);
  EXPECT_EQ(spectrum.tail_energy, 6.0);
}

TEST(LeadingErrors, Options) {
  const GramOperator gram{6, [](const Eigen::Ref<const VectorD>& x, Eigen::Ref<VectorD> y) { y = x; }};
  const auto solve = [&gram](const LeadingOptions& options) {
    return [&gram, options] { (void)leading_singular_values(gram, 6.0, 6, options); };
  };
  expect_error(ErrorKind::kInvalidArgument, {"count 0"}, solve({.count = 0}));
  expect_error(ErrorKind::kInvalidArgument, {"max_iterations 0"}, solve({.max_iterations = 0}));
  expect_error(ErrorKind::kInvalidArgument, {"tolerance 0"}, solve({.tolerance = 0.0}));
  expect_error(ErrorKind::kInvalidArgument, {"basis 3", "(3, 6]"}, solve({.count = 3, .basis = 3}));
  expect_error(ErrorKind::kInvalidArgument, {"basis 7", "(3, 6]"}, solve({.count = 3, .basis = 7}));
}

TEST(LeadingErrors, SizeAndTrace) {
  const GramOperator gram{6, [](const Eigen::Ref<const VectorD>& x, Eigen::Ref<VectorD> y) { y = x; }};
  expect_error(ErrorKind::kInvalidArgument, {"7 singular values", "side 6"},
               [&] { (void)leading_singular_values(gram, 6.0, 7, {}); });
  expect_error(ErrorKind::kNumerical, {"trace", "nan"},
               [&] { (void)leading_singular_values(gram, std::numeric_limits<double>::quiet_NaN(), 6, {}); });
  expect_error(ErrorKind::kNumerical, {"trace", "-1"}, [&] { (void)leading_singular_values(gram, -1.0, 6, {}); });
}

}  // namespace
}  // namespace prunenet
