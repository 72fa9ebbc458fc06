#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <limits>
#include <utility>

#include "prunenet/spectral/response_operator.h"
#include "prunenet/spectral/weight_operator.h"
#include "spectral/random_block.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

using testing::expect_error;
using testing::explicit_response;
using testing::jacobi_root;
using testing::jacobi_singular_values;
using testing::random_keep;
using testing::random_matrix;
using testing::RandomBlock;
using testing::square_residual;

RandomBlock arbitrary_block() {
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  return {seed, *rc::gen::inRange(1, 12), *rc::gen::inRange(1, 30), *rc::gen::inRange(1, 60)};
}

RC_GTEST_PROP(ResponseOperator, SpectrumAgreesWithJacobiOnTheExplicitMatrix, ()) {
  RandomBlock block = arbitrary_block();
  const ResponseOperator response(block.down, block.second_moment);
  const auto keep = random_keep(block.rng, response.neurons());
  const VectorD expected = jacobi_singular_values(explicit_response(block, keep));
  const double residual = square_residual(response.spectrum(keep), expected);
  RC_LOG() << "d " << block.down.rows() << ", I " << response.neurons() << ", kept " << keep.size() << ", residual "
           << residual;
  RC_ASSERT(residual < 1e-12);
}

RC_GTEST_PROP(ResponseOperator, SquaresSumToTheTraceOfTheCoupling, ()) {
  RandomBlock block = arbitrary_block();
  const ResponseOperator response(block.down, block.second_moment);
  const auto keep = random_keep(block.rng, response.neurons());
  const double trace = response.coupling()(keep, keep).sum();
  const double residual = std::abs(response.spectrum(keep).squaredNorm() - trace) / response.total_energy();
  RC_LOG() << "residual " << residual;
  RC_ASSERT(residual < 1e-12);
}

RC_GTEST_PROP(ResponseOperator, RemovedEnergyIsTheMeanSquaredErrorOfTheOutput, ()) {
  RandomBlock block = arbitrary_block();
  const ResponseOperator response(block.down, block.second_moment);
  const auto keep = random_keep(block.rng, response.neurons());
  const MatrixD removed = removed_indicator(keep, response.neurons());
  const MatrixD error = (block.responses * removed.row(0).asDiagonal()) * block.down.transpose();
  const double expected = error.squaredNorm() / static_cast<double>(block.responses.rows());
  const double residual = std::abs(response.removed_energies(removed)(0) - expected) / response.total_energy();
  RC_LOG() << "residual " << residual;
  RC_ASSERT(residual < 1e-12);
}

TEST(ResponseOperator, DoesNotDependOnTheOrderOfNeurons) {
  RandomBlock block(7, 10, 24, 50);
  const ResponseOperator response(block.down, block.second_moment);
  const ResponseOperator reversed(block.down.rowwise().reverse(), block.second_moment.reverse());
  const std::vector<std::int64_t> keep{0, 3, 4, 9, 20};
  const std::vector<std::int64_t> mirrored{3, 14, 19, 20, 23};
  const double residual = square_residual(reversed.spectrum(mirrored), response.spectrum(keep));
  EXPECT_LT(residual, 1e-13);
}

TEST(ResponseOperator, MetricWeighsTheOutput) {
  RandomBlock block(8, 9, 20, 40);
  const MatrixD factor = random_matrix(block.rng, 9, 4);  // a singular metric: errors in five directions are free
  const MatrixD metric = factor * factor.transpose();
  const ResponseOperator response(block.down, block.second_moment, metric);
  const auto keep = random_keep(block.rng, 20);

  const VectorD expected = jacobi_singular_values(jacobi_root(metric) * explicit_response(block, keep));
  const double residual = square_residual(response.spectrum(keep), expected);
  EXPECT_LT(residual, 1e-12);

  const MatrixD coupling = (block.down.transpose() * metric * block.down).cwiseProduct(block.second_moment);
  const double coupling_residual = (response.coupling() - coupling).norm() / coupling.norm();
  EXPECT_LT(coupling_residual, 1e-12);
}

TEST(ResponseOperator, IdentityMetricChangesNothing) {
  RandomBlock block(9, 6, 15, 30);
  const ResponseOperator plain(block.down, block.second_moment);
  const ResponseOperator weighted(block.down, block.second_moment, MatrixD::Identity(6, 6));
  const double residual = (plain.coupling() - weighted.coupling()).norm() / plain.coupling().norm();
  EXPECT_LT(residual, 1e-13);
}

TEST(ResponseOperator, OfNoNeuronsHasNoSpectrum) {
  const RandomBlock block(10, 5, 8, 20);
  const ResponseOperator response(block.down, block.second_moment);
  EXPECT_EQ(response.spectrum({}).size(), 0);
  EXPECT_EQ(response.leading_spectrum({}, {}).size, 0);
}

struct Weights {
  explicit Weights(std::uint64_t seed, Eigen::Index neurons = 14, Eigen::Index hidden = 5) {
    Rng rng(seed);
    gate = random_matrix(rng, neurons, hidden).cast<float>();
    up = random_matrix(rng, neurons, hidden).cast<float>();
    down = random_matrix(rng, hidden, neurons).cast<float>();
  }
  MatrixF gate, up, down;
};

TEST(WeightOperator, EachKindIsItsMatrixWithARowANeuron) {
  const Weights weights(11);
  MatrixF joint(14, 15);
  joint << weights.gate, weights.up, weights.down.transpose();
  const std::vector<std::pair<OperatorKind, MatrixF>> cases{{OperatorKind::kGate, weights.gate},
                                                            {OperatorKind::kUp, weights.up},
                                                            {OperatorKind::kDown, weights.down.transpose()},
                                                            {OperatorKind::kJoint, joint}};
  const std::vector<std::int64_t> few{1, 6, 13};
  const std::vector<std::int64_t> many{0, 1, 2, 4, 5, 6, 7, 9, 10, 13};
  for (const auto& [kind, rows] : cases) {
    const auto weight = make_weight_operator(kind, weights.gate, weights.up, weights.down);
    for (const auto& keep : {few, many}) {
      const VectorD expected = jacobi_singular_values(rows(keep, Eigen::all).cast<double>());
      const double residual = square_residual(weight->spectrum(keep), expected);
      EXPECT_LT(residual, 1e-13) << to_string(kind) << ", kept " << keep.size();

      const MatrixD removed = removed_indicator(keep, weight->neurons());
      const double removed_energy = rows.cast<double>().squaredNorm() - expected.squaredNorm();
      EXPECT_NEAR(weight->removed_energies(removed)(0), removed_energy, 1e-12 * weight->total_energy());
    }
  }
}

TEST(WeightOperator, JointWithoutAGateIsUpAndDown) {
  const Weights weights(12);
  MatrixF joint(14, 10);
  joint << weights.up, weights.down.transpose();
  const auto weight = make_weight_operator(OperatorKind::kJoint, {}, weights.up, weights.down);
  const double residual =
      square_residual(weight->spectrum(all_neurons(14)), jacobi_singular_values(joint.cast<double>()));
  EXPECT_LT(residual, 1e-13);
}

TEST(OperatorKind, NamesParseBack) {
  for (const OperatorKind kind :
       {OperatorKind::kResponse, OperatorKind::kGate, OperatorKind::kUp, OperatorKind::kDown, OperatorKind::kJoint}) {
    EXPECT_EQ(parse_operator_kind(to_string(kind)), kind);
  }
  expect_error(ErrorKind::kInvalidArgument, {"'Gate'", "response, gate, up, down, joint"},
               [] { (void)parse_operator_kind("Gate"); });
}

TEST(OperatorErrors, Shapes) {
  const Weights weights(13);
  expect_error(ErrorKind::kInvalidArgument, {"down", "14 x 5", "5 x 14"}, [&] {
    (void)make_weight_operator(OperatorKind::kUp, weights.gate, weights.up, weights.down.transpose());
  });
  expect_error(ErrorKind::kInvalidArgument, {"gate", "5 x 14", "14 x 5"}, [&] {
    (void)make_weight_operator(OperatorKind::kUp, weights.gate.transpose(), weights.up, weights.down);
  });
  expect_error(ErrorKind::kInvalidArgument, {"second moment", "4 x 4", "14 x 14"},
               [&] { ResponseOperator(weights.down.cast<double>(), MatrixD::Identity(4, 4)); });
  expect_error(ErrorKind::kInvalidArgument, {"metric", "4 x 4", "5 x 5"}, [&] {
    ResponseOperator(weights.down.cast<double>(), MatrixD::Identity(14, 14), MatrixD::Identity(4, 4));
  });
  const ResponseOperator response(weights.down.cast<double>(), MatrixD::Identity(14, 14));
  expect_error(ErrorKind::kInvalidArgument, {"indicator", "2 x 13", "2 x 14"},
               [&] { (void)response.removed_energies(MatrixD::Ones(2, 13)); });
}

TEST(OperatorErrors, KeepIndices) {
  const Weights weights(14);
  const auto gate = make_weight_operator(OperatorKind::kGate, weights.gate, weights.up, weights.down);
  const ResponseOperator response(weights.down.cast<double>(), MatrixD::Identity(14, 14));
  const std::array<const SpectralOperator*, 2> operators{gate.get(), &response};
  for (const SpectralOperator* each : operators) {
    const auto spectrum_of = [each](std::vector<std::int64_t> keep) {
      return [each, keep = std::move(keep)] { (void)each->spectrum(keep); };
    };
    expect_error(ErrorKind::kInvalidArgument, {"keep index 14", "position 2", "[0, 14)"}, spectrum_of({0, 1, 14}));
    expect_error(ErrorKind::kInvalidArgument, {"keep index -1", "position 0"}, spectrum_of({-1, 1}));
    expect_error(ErrorKind::kInvalidArgument, {"keep index 3", "position 2", "ascending"}, spectrum_of({1, 3, 3}));
    expect_error(ErrorKind::kInvalidArgument, {"keep index 0", "follows 5"}, spectrum_of({5, 0}));
  }
}

TEST(OperatorErrors, NotFiniteAndNotSymmetric) {
  Weights weights(15);
  MatrixD moment = MatrixD::Identity(14, 14);
  moment(2, 3) = 1.0;
  expect_error(ErrorKind::kInvalidArgument, {"second moment", "not symmetric"},
               [&] { ResponseOperator(weights.down.cast<double>(), moment); });
  moment(2, 3) = std::numeric_limits<double>::infinity();
  expect_error(ErrorKind::kNumerical, {"second moment", "inf", "[2, 3]"},
               [&] { ResponseOperator(weights.down.cast<double>(), moment); });
  weights.up(13, 4) = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorKind::kNumerical, {"weight", "nan", "[13, 4]"},
               [&] { (void)make_weight_operator(OperatorKind::kUp, weights.gate, weights.up, weights.down); });
}

TEST(OperatorErrors, KindsThatCannotBeBuilt) {
  const Weights weights(16);
  expect_error(ErrorKind::kInvalidArgument, {"no gate"},
               [&] { (void)make_weight_operator(OperatorKind::kGate, {}, weights.up, weights.down); });
  expect_error(ErrorKind::kInvalidArgument, {"ResponseOperator"},
               [&] { (void)make_weight_operator(OperatorKind::kResponse, weights.gate, weights.up, weights.down); });
}

}  // namespace
}  // namespace prunenet
