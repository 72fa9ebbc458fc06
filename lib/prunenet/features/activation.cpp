#include "prunenet/features/activation.h"

#include <cmath>
#include <numbers>

namespace prunenet {

namespace {

MatrixD activated(Activation activation, const MatrixD& gate) {
  // SiLU, by far the most common, by Eigen's vectorised exponential.
  if (activation == Activation::kSilu) return gate.array() / (1.0 + (-gate.array()).exp());
  return gate.unaryExpr([activation](double value) { return activate(activation, value); });
}

}  // namespace

double activate(Activation activation, double value) {
  switch (activation) {
    case Activation::kSilu:
      return value / (1.0 + std::exp(-value));
    case Activation::kGelu:
      return 0.5 * value * (1.0 + std::erf(value / std::numbers::sqrt2_v<double>));
    case Activation::kGeluTanh: {
      const double inner = std::sqrt(2.0 / std::numbers::pi_v<double>) * (value + 0.044715 * value * value * value);
      return 0.5 * value * (1.0 + std::tanh(inner));
    }
    case Activation::kRelu:
      return value > 0.0 ? value : 0.0;
  }
  return value;
}

MatrixD gated_response(Activation activation, const MatrixD& gate, const MatrixD& up) {
  return activated(activation, gate).array() * up.array();
}

}  // namespace prunenet
