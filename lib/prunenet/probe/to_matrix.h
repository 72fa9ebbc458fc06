#pragma once

#include <torch/torch.h>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// A copy of a float tensor [m, n] of any device.
[[nodiscard]] inline MatrixF to_matrix(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.detach().cpu().contiguous();
  return Eigen::Map<const MatrixF>(values.data_ptr<float>(), values.size(0), values.size(1));
}

/// The same of one [n].
[[nodiscard]] inline VectorF to_vector(const torch::Tensor& tensor) {
  return to_matrix(tensor.unsqueeze(0)).row(0).transpose();
}

}  // namespace prunenet
