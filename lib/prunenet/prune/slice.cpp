#include "prunenet/prune/slice.h"

#include <fmt/format.h>

#include <cstring>

#include "prunenet/core/error.h"

namespace prunenet {

HostTensor slice(const HostTensor& tensor, std::size_t axis, std::span<const std::int64_t> keep) {
  const std::vector<std::int64_t>& shape = tensor.info.shape;
  if (axis >= shape.size()) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("a tensor of rank {} has no axis {}", shape.size(), axis));
  }
  for (const std::int64_t index : keep) {
    if (index < 0 || index >= shape[axis]) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("index {} is outside an axis of {} elements", index, shape[axis]));
    }
  }
  // outer x extent x inner bytes -> outer x kept x inner bytes
  std::size_t outer = 1;
  for (std::size_t i = 0; i < axis; ++i) outer *= static_cast<std::size_t>(shape[i]);
  std::size_t inner = size_of(tensor.info.dtype);
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= static_cast<std::size_t>(shape[i]);
  const std::size_t extent = static_cast<std::size_t>(shape[axis]);
  HostTensor kept;
  kept.info = tensor.info;
  kept.info.shape[axis] = static_cast<std::int64_t>(keep.size());
  kept.data.resize(outer * keep.size() * inner);
  kept.info.bytes = kept.data.size();
  if (kept.data.empty()) return kept;
  std::byte* to = kept.data.data();
  for (std::size_t block = 0; block < outer; ++block) {
    const std::byte* const from = tensor.data.data() + block * extent * inner;
    for (const std::int64_t index : keep) {
      std::memcpy(to, from + static_cast<std::size_t>(index) * inner, inner);
      to += inner;
    }
  }
  return kept;
}

}  // namespace prunenet
