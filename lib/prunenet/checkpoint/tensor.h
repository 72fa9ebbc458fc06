#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "prunenet/core/dtype.h"

namespace prunenet {

/// What a header says of one tensor.
struct TensorInfo {
  Dtype dtype = Dtype::kF32;        ///< of its elements
  std::vector<std::int64_t> shape;  ///< rows first
  std::uint64_t bytes = 0;          ///< of all elements
};

/// One tensor with its elements as they lie in the file (row-major, little endian).
struct HostTensor {
  TensorInfo info;              ///< what a header would say of it
  std::vector<std::byte> data;  ///< `info.bytes` of them
};

}  // namespace prunenet
