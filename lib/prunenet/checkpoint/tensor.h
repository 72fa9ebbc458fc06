#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "prunenet/core/dtype.h"

namespace prunenet {

/// What a header says of one tensor.
struct TensorInfo {
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;
};

/// One tensor with its elements as they lie in the file (row-major, little endian).
struct HostTensor {
  TensorInfo info;
  std::vector<std::byte> data;
};

}  // namespace prunenet
