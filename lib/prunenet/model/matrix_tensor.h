#pragma once

#include <torch/torch.h>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// The same numbers, float32 on the CPU.
[[nodiscard]] torch::Tensor tensor_of(const MatrixF& matrix);
[[nodiscard]] torch::Tensor tensor_of(const VectorF& vector);

/// A tensor of rank 2, and one of rank 1, float32 on any device.
[[nodiscard]] MatrixF matrix_of(const torch::Tensor& tensor);
[[nodiscard]] VectorF vector_of(const torch::Tensor& tensor);

}  // namespace prunenet
