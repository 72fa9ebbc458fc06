#pragma once

#include <cstdint>
#include <span>

#include "prunenet/checkpoint/tensor.h"

namespace prunenet {

/// The kept indices of one axis, byte for byte: axis 0 keeps rows, axis 1 columns. What is kept does not pass through
/// any other type, so it stays bit-identical.
/// Throws Error(kInvalidArgument) where the tensor has no such axis or an index is outside it.
[[nodiscard]] HostTensor slice(const HostTensor& tensor, std::size_t axis, std::span<const std::int64_t> keep);

}  // namespace prunenet
