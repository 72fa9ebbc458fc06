#include "prunenet/features/activation.h"

#include <cmath>
#include <numbers>

namespace prunenet {

namespace {

MatrixF activated(Activation activation, const MatrixF& gate) {
  // SiLU, by far the most common, by Eigen's vectorised exponential.
  if (activation == Activation::kSilu) return gate.array() / (1.0F + (-gate.array()).exp());
  return gate.unaryExpr([activation](float value) { return activate(activation, value); });
}

}  // namespace

float activate(Activation activation, float value) {
  switch (activation) {
    case Activation::kSilu:
      return value / (1.0F + std::exp(-value));
    case Activation::kGelu:
      return 0.5F * value * (1.0F + std::erf(value / std::numbers::sqrt2_v<float>));
    case Activation::kGeluTanh: {
      const float inner = std::sqrt(2.0F / std::numbers::pi_v<float>) * (value + 0.044715F * value * value * value);
      return 0.5F * value * (1.0F + std::tanh(inner));
    }
    case Activation::kRelu:
      return value > 0.0F ? value : 0.0F;
  }
  return value;
}

MatrixF gated_response(Activation activation, const MatrixF& gate, const MatrixF& up) {
  return activated(activation, gate).array() * up.array();
}

}  // namespace prunenet
