#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "arrays.h"
#include "common.h"

namespace prunenet::python {

/// Contiguous int64: arrays of smaller integers are converted, others refused.
using IdArray = py::array_t<std::int64_t, py::array::c_style>;

/// A copy.
inline torch::Tensor to_tensor(const IdArray& ids) {
  const std::vector<std::int64_t> shape(ids.shape(), ids.shape() + ids.ndim());
  torch::Tensor tensor = torch::empty(shape, torch::kInt64);
  std::copy_n(ids.data(), ids.size(), tensor.data_ptr<std::int64_t>());
  return tensor;
}

/// An array over the memory of a tensor on the CPU, which it keeps alive.
template <typename Scalar>
py::array to_array(const torch::Tensor& tensor) {
  const auto [capsule, held] = owned(tensor.contiguous());
  std::vector<py::ssize_t> shape(held->sizes().begin(), held->sizes().end());
  return py::array(py::dtype::of<Scalar>(), std::move(shape), held->template data_ptr<Scalar>(), capsule);
}

}  // namespace prunenet::python
