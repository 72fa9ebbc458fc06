#include "prunenet/features/gaussian_energy.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "prunenet/features/activation.h"

namespace prunenet {

NormalQuadrature normal_quadrature(int points) {
  // Jacobi matrix of the Hermite polynomials orthogonal under exp(-x^2 / 2): off-diagonal sqrt(k).
  Eigen::VectorXd diagonal = Eigen::VectorXd::Zero(points);
  Eigen::VectorXd off_diagonal(points - 1);
  for (int k = 1; k < points; ++k) off_diagonal(k - 1) = std::sqrt(static_cast<double>(k));
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver;
  solver.computeFromTridiagonal(diagonal, off_diagonal);
  NormalQuadrature quadrature;
  for (int k = 0; k < points; ++k) {
    const double first = solver.eigenvectors()(0, k);
    quadrature.nodes.push_back(solver.eigenvalues()(k));
    quadrature.weights.push_back(first * first);
  }
  return quadrature;
}

VectorD gaussian_response_energy(Activation activation, const PreactivationMoments& moments,
                                 const NormalQuadrature& quadrature) {
  VectorD energy(moments.gate_mean.size());
  for (Eigen::Index i = 0; i < energy.size(); ++i) {
    const double gate_variance = std::max<double>(moments.gate_variance(i), 1e-12);
    const double slope = moments.covariance(i) / gate_variance;
    const double residual =
        std::max(0.0, moments.up_variance(i) - moments.covariance(i) * moments.covariance(i) / gate_variance);
    double sum = 0.0;
    for (std::size_t k = 0; k < quadrature.nodes.size(); ++k) {
      const double offset = std::sqrt(gate_variance) * quadrature.nodes[k];
      const double gate = activate(activation, moments.gate_mean(i) + offset);
      const double up = moments.up_mean(i) + slope * offset;
      sum += quadrature.weights[k] * gate * gate * (up * up + residual);
    }
    energy(i) = sum;
  }
  return energy;
}

}  // namespace prunenet
