#include "prunenet/spectral/distortion.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <memory>

#include "prunenet/spectral/distortion_problem.h"
#include "prunenet/spectral/response_operator.h"
#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::random_keep;
using testing::RandomBlock;

constexpr std::array kAllDistortions = {Distortion::kKs, Distortion::kMirsky, Distortion::kNuclear,
                                        Distortion::kSchatten2};
constexpr std::array kAllOperators = {OperatorKind::kResponse, OperatorKind::kGate, OperatorKind::kUp,
                                      OperatorKind::kDown, OperatorKind::kJoint};

VectorD vector(std::initializer_list<double> values) {
  return Eigen::Map<const VectorD>(values.begin(), static_cast<Eigen::Index>(values.size()));
}

std::shared_ptr<const SpectralOperator> make_operator(RandomBlock& block, OperatorKind kind) {
  if (kind == OperatorKind::kResponse) {
    return std::make_shared<ResponseOperator>(block.down, block.second_moment);
  }
  const MatrixF gate = testing::random_matrix(block.rng, block.down.cols(), block.down.rows()).cast<float>();
  const MatrixF up = testing::random_matrix(block.rng, block.down.cols(), block.down.rows()).cast<float>();
  return make_weight_operator(kind, gate, up, block.down.cast<float>());
}

/// The definition, at every value of either set.
double naive_ks(const VectorD& a, const VectorD& b) {
  const auto share_at_most = [](const VectorD& values, double t) {
    return static_cast<double>((values.array() <= t).count()) / static_cast<double>(values.size());
  };
  double largest = 0.0;
  for (const VectorD* values : {&a, &b}) {
    for (const double t : *values) largest = std::max(largest, std::abs(share_at_most(a, t) - share_at_most(b, t)));
  }
  return largest;
}

VectorD descending_integers(int max_size) {
  // Few distinct values, so that ties within and between the sets are common.
  const auto size = *rc::gen::inRange(1, max_size);
  auto values = *rc::gen::container<std::vector<double>>(
      static_cast<std::size_t>(size), rc::gen::map(rc::gen::inRange(0, 8), [](int i) { return 0.5 * i; }));
  std::sort(values.rbegin(), values.rend());
  return Eigen::Map<const VectorD>(values.data(), static_cast<Eigen::Index>(values.size()));
}

RC_GTEST_PROP(Ks, AgreesWithTheDefinition, ()) {
  const VectorD a = descending_integers(20);
  const VectorD b = descending_integers(20);
  RC_LOG() << "a " << a.transpose() << "\nb " << b.transpose();
  RC_ASSERT(std::abs(ks_statistic(a, b) - naive_ks(a, b)) < 1e-15);
  RC_ASSERT(ks_statistic(a, b) == ks_statistic(b, a));
  RC_ASSERT(ks_statistic(a, a) == 0.0);
}

TEST(Ks, OfSeparatedSetsIsOneAndOfEmptyOnesByConvention) {
  EXPECT_EQ(ks_statistic(vector({4, 3}), vector({2, 1, 0})), 1.0);
  EXPECT_EQ(ks_statistic(vector({4, 3}), {}), 1.0);
  EXPECT_EQ(ks_statistic({}, {}), 0.0);
}

TEST(Distortions, ByHand) {
  // sigma 4 2, sigma' 3: differences 1 and 2.
  EXPECT_DOUBLE_EQ(mirsky_distortion(vector({4, 2}), vector({3})), 5.0 / 20.0);
  EXPECT_DOUBLE_EQ(nuclear_distortion(vector({4, 2}), vector({3})), 3.0 / 6.0);
}

RC_GTEST_PROP(Distortions, AreZeroForAllNeuronsAndOneForNone, ()) {
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(1, 10), *rc::gen::inRange(1, 25), 30);
  const auto kind = *rc::gen::elementOf(kAllOperators);
  const auto spectral_operator = make_operator(block, kind);
  for (const Distortion distortion : kAllDistortions) {
    const DistortionProblem problem(spectral_operator, distortion);
    const double all = problem.distortion(all_neurons(problem.neurons()));
    const double none = problem.distortion({});
    RC_LOG() << to_string(distortion) << " on " << to_string(kind) << ": all " << all << ", none " << none;
    RC_ASSERT(std::abs(all) < 1e-12);
    RC_ASSERT(std::abs(none - 1.0) < 1e-12);
  }
}

RC_GTEST_PROP(Distortions, MirskyIsAtMostSchatten2, ()) {
  RandomBlock block(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange(1, 12), *rc::gen::inRange(1, 30), 40);
  const auto kind = *rc::gen::elementOf(kAllOperators);
  const auto spectral_operator = make_operator(block, kind);
  const auto keep = random_keep(block.rng, spectral_operator->neurons(), 0.7);
  const double mirsky = DistortionProblem(spectral_operator, Distortion::kMirsky).distortion(keep);
  const double schatten2 = DistortionProblem(spectral_operator, Distortion::kSchatten2).distortion(keep);
  RC_LOG() << to_string(kind) << ": mirsky " << mirsky << ", schatten2 " << schatten2;
  RC_ASSERT(mirsky <= schatten2 + 1e-12);
}

TEST(Distortions, OfWeightsGrowAsNeuronsLeave) {
  // Rows of a matrix interlace: removing one never raises a singular value.
  RandomBlock block(31, 8, 20, 30);
  const auto gate = make_operator(block, OperatorKind::kGate);
  for (const Distortion distortion : {Distortion::kMirsky, Distortion::kNuclear, Distortion::kSchatten2}) {
    const DistortionProblem problem(gate, distortion);
    double previous = 0.0;
    std::vector<std::int64_t> keep = all_neurons(20);
    while (!keep.empty()) {
      keep.pop_back();
      const double next = problem.distortion(keep);
      EXPECT_GE(next, previous - 1e-12) << to_string(distortion) << " with " << keep.size() << " kept";
      previous = next;
    }
  }
}

TEST(Distortion, IsANumberWhereNeuronsAreDeadDoubledOrAllAlike) {
  RandomBlock dead(21, 8, 12, 40);
  dead.down.leftCols(4).setZero();
  RandomBlock doubled(22, 8, 12, 40);
  doubled.down.col(7) = doubled.down.col(2);
  doubled.responses.col(7) = doubled.responses.col(2);
  RandomBlock alike(23, 8, 12, 40);
  alike.down.colwise() = alike.down.col(0).eval();
  alike.responses.colwise() = alike.responses.col(0).eval();
  RandomBlock one_neuron(24, 1, 1, 40);
  for (RandomBlock* block : {&dead, &doubled, &alike, &one_neuron}) {
    block->second_moment = block->responses.transpose() * block->responses / 40.0;
    const std::int64_t neurons = block->down.cols();
    const auto response = std::make_shared<ResponseOperator>(block->down, block->second_moment);
    for (const Distortion distortion : kAllDistortions) {
      const DistortionProblem problem(response, distortion);
      for (const auto& keep : {all_neurons(neurons), all_neurons(1), std::vector<std::int64_t>{}}) {
        const double value = problem.distortion(keep);
        EXPECT_GE(value, 0.0) << to_string(distortion);
        // What removed neurons alone would write may be more than what all write together.
        EXPECT_LE(value, distortion == Distortion::kSchatten2 ? 10.0 : 1.0 + 1e-9) << to_string(distortion);
      }
    }
  }
}

TEST(Distortion, DeadNeuronsTakeNothingAway) {
  RandomBlock block(25, 8, 12, 40);
  block.down.leftCols(4).setZero();
  const auto response = std::make_shared<ResponseOperator>(block.down, block.second_moment);
  const std::vector<std::int64_t> living{4, 5, 6, 7, 8, 9, 10, 11};
  for (const Distortion distortion : kAllDistortions) {
    EXPECT_NEAR(DistortionProblem(response, distortion).distortion(living), 0.0, 1e-12) << to_string(distortion);
  }
}

TEST(Distortion, NamesParseBack) {
  for (const Distortion distortion : kAllDistortions) EXPECT_EQ(parse_distortion(to_string(distortion)), distortion);
  expect_error(ErrorKind::kInvalidArgument, {"'svd'", "ks, mirsky, nuclear, schatten2"},
               [] { (void)parse_distortion("svd"); });
}

TEST(DistortionErrors, NothingToDistort) {
  const auto zero = std::make_shared<ResponseOperator>(MatrixD::Zero(3, 5), MatrixD::Identity(5, 5));
  expect_error(ErrorKind::kNumerical, {"5 neurons", "energy 0"}, [&] { DistortionProblem(zero, Distortion::kKs); });
  expect_error(ErrorKind::kNumerical, {"sums to 0"}, [] { (void)mirsky_distortion(VectorD::Zero(2), vector({1})); });
  expect_error(ErrorKind::kNumerical, {"sums to 0"}, [] { (void)nuclear_distortion(VectorD::Zero(2), vector({1})); });
  expect_error(ErrorKind::kNumerical, {"sums to 0"}, [] { (void)mirsky_lower_bound({}, {}); });
}

TEST(DistortionErrors, NoOperatorAndKeepIndices) {
  expect_error(ErrorKind::kInvalidArgument, {"without an operator"},
               [] { DistortionProblem(nullptr, Distortion::kKs); });
  RandomBlock block(32, 4, 9, 20);
  const std::vector<std::int64_t> keep{2, 9};
  for (const Distortion distortion : kAllDistortions) {
    const DistortionProblem problem(make_operator(block, OperatorKind::kResponse), distortion);
    expect_error(ErrorKind::kInvalidArgument, {"keep index 9", "[0, 9)"}, [&] { (void)problem.distortion(keep); });
  }
}

}  // namespace
}  // namespace prunenet
