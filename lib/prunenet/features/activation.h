#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/family/model_config.h"

namespace prunenet {

/// The gate's activation function, elementwise.
[[nodiscard]] double activate(Activation activation, double value);

/// h = act(gate) * up, elementwise; both N x I.
[[nodiscard]] MatrixD gated_response(Activation activation, const MatrixD& gate, const MatrixD& up);

}  // namespace prunenet
