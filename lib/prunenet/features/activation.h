#pragma once

#include "prunenet/core/matrix.h"
#include "prunenet/family/model_config.h"

namespace prunenet {

/// The gate's activation function, elementwise.
[[nodiscard]] float activate(Activation activation, float value);

/// h = act(gate) * up, elementwise; both N x I.
[[nodiscard]] MatrixF gated_response(Activation activation, const MatrixF& gate, const MatrixF& up);

}  // namespace prunenet
