#pragma once

#include <string_view>
#include <vector>

#include "prunenet/checkpoint/tensor.h"

namespace prunenet::testing {

/// A tensor of these bytes, whatever its type and shape say.
inline HostTensor raw_tensor(Dtype dtype, std::vector<std::int64_t> shape, std::string_view bytes) {
  HostTensor tensor;
  for (const char byte : bytes) tensor.data.push_back(static_cast<std::byte>(byte));
  tensor.info.dtype = dtype;
  tensor.info.shape = std::move(shape);
  tensor.info.bytes = bytes.size();
  return tensor;
}

/// A tensor of these values, rounded to a computable type.
inline HostTensor float_tensor(std::vector<std::int64_t> shape, const std::vector<float>& values,
                               Dtype dtype = Dtype::kF32) {
  HostTensor tensor;
  tensor.data = from_floats(values, dtype);
  tensor.info.dtype = dtype;
  tensor.info.shape = std::move(shape);
  tensor.info.bytes = tensor.data.size();
  return tensor;
}

}  // namespace prunenet::testing
