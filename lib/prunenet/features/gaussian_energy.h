#pragma once

#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/family/model_config.h"

namespace prunenet {

/// Nodes and weights of n-point Gauss-Hermite quadrature for the standard normal density: E[f(z)] ~ sum w_k f(z_k).
/// From the eigen-decomposition of the Jacobi matrix (Golub and Welsch 1969, "Calculation of Gauss quadrature rules").
struct NormalQuadrature {
  std::vector<double> nodes;
  std::vector<double> weights;
};
[[nodiscard]] NormalQuadrature normal_quadrature(int points);

/// Points that the features take; part of their definition.
inline constexpr int kQuadraturePoints = 16;

/// Per-neuron moments of the two pre-activations a = g_i . x and b = u_i . x, each a vector of I.
struct PreactivationMoments {
  VectorD gate_mean;
  VectorD up_mean;
  VectorD gate_variance;
  VectorD up_variance;
  VectorD covariance;
};

/// E[(act(a) b)^2] of every neuron with (a, b) jointly normal: the energy of the neuron's response to normal inputs.
/// Exact in b (E[b^2 | a] is quadratic in a), quadrature in a.
[[nodiscard]] VectorD gaussian_response_energy(Activation activation, const PreactivationMoments& moments,
                                               const NormalQuadrature& quadrature);

}  // namespace prunenet
