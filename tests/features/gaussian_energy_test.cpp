#include "prunenet/features/gaussian_energy.h"

#include <gtest/gtest.h>

#include <cmath>

#include "prunenet/core/rng.h"
#include "prunenet/features/activation.h"

namespace prunenet {
namespace {

TEST(NormalQuadrature, ExactForPolynomials) {
  const NormalQuadrature quadrature = normal_quadrature(8);
  const double moments[] = {1, 0, 1, 0, 3, 0, 15, 0, 105};  // E z^k
  for (int k = 0; k <= 8; ++k) {
    double sum = 0.0;
    for (std::size_t j = 0; j < 8; ++j) sum += quadrature.weights[j] * std::pow(quadrature.nodes[j], k);
    EXPECT_NEAR(sum, moments[k], 1e-10) << "moment " << k;
  }
}

PreactivationMoments one_neuron(double gate_mean, double up_mean, double gate_variance, double up_variance,
                                double covariance) {
  const auto single = [](double value) { return VectorD(VectorD::Constant(1, value)); };
  return {single(gate_mean), single(up_mean), single(gate_variance), single(up_variance), single(covariance)};
}

TEST(GaussianResponseEnergy, EqualsTheMeanOverManyDraws) {
  const PreactivationMoments moments = one_neuron(0.3, -0.5, 1.5, 0.8, 0.6);
  const double energy = gaussian_response_energy(Activation::kSilu, moments, normal_quadrature(16))(0);
  Rng rng(5);
  constexpr int kDraws = 400'000;
  double sum = 0.0;
  double squares = 0.0;
  for (int i = 0; i < kDraws; ++i) {
    const double a = std::sqrt(1.5) * rng.normal();
    const double b = 0.6 / 1.5 * a + std::sqrt(0.8 - 0.6 * 0.6 / 1.5) * rng.normal();
    const double h = activate(Activation::kSilu, static_cast<double>(0.3 + a)) * (b - 0.5);
    sum += h * h;
    squares += h * h * h * h;
  }
  const double mean = sum / kDraws;
  const double error = std::sqrt((squares / kDraws - mean * mean) / kDraws);
  EXPECT_NEAR(energy, mean, 5 * error);
}

TEST(GaussianResponseEnergy, ReluWithoutMeansHasAClosedForm) {
  // Independent a, b: E[relu(a)^2] E[b^2] = va / 2 * vb. The kink costs quadrature some accuracy.
  const double energy =
      gaussian_response_energy(Activation::kRelu, one_neuron(0, 0, 2.0, 3.0, 0), normal_quadrature(16))(0);
  EXPECT_NEAR(energy, 3.0, 1e-5);
}

TEST(Activations, MatchTheirDefinitions) {
  EXPECT_NEAR(activate(Activation::kSilu, 1.0), 0.7310586, 1e-6);
  EXPECT_NEAR(activate(Activation::kGelu, 1.0), 0.8413447, 1e-6);
  EXPECT_NEAR(activate(Activation::kGeluTanh, 1.0), 0.8411920, 1e-6);
  EXPECT_EQ(activate(Activation::kRelu, -1.0), 0.0);
  const MatrixD gate = MatrixD::Random(3, 5) * 20.0;
  const MatrixD up = MatrixD::Random(3, 5);
  const MatrixD response = gated_response(Activation::kSilu, gate, up);
  for (Eigen::Index i = 0; i < gate.size(); ++i) {
    EXPECT_NEAR(response.data()[i], activate(Activation::kSilu, gate.data()[i]) * up.data()[i], 1e-4);
  }
}

}  // namespace
}  // namespace prunenet
