#include "prunenet/model/matrix_tensor.h"

#include <algorithm>

namespace prunenet {

torch::Tensor tensor_of(const MatrixF& matrix) {
  torch::Tensor result = torch::empty({matrix.rows(), matrix.cols()});
  std::copy_n(matrix.data(), matrix.size(), result.data_ptr<float>());
  return result;
}

torch::Tensor tensor_of(const VectorF& vector) {
  torch::Tensor result = torch::empty({vector.size()});
  std::copy_n(vector.data(), vector.size(), result.data_ptr<float>());
  return result;
}

MatrixF matrix_of(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.detach().cpu().contiguous();
  return Eigen::Map<const MatrixF>(values.data_ptr<float>(), values.size(0), values.size(1));
}

VectorF vector_of(const torch::Tensor& tensor) {
  return matrix_of(tensor.unsqueeze(0)).row(0).transpose();
}

}  // namespace prunenet
