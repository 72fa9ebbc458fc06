#include "prunenet/prune/slice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

/// blocks x extent x inner -> blocks x kept x inner. A copy of fixed size is an instruction, one of any size a call.
template <std::size_t kInner>
void gather(std::span<const std::byte> from, std::size_t block_bytes, std::size_t inner,
            std::span<const std::int64_t> keep, std::byte* to) {
  const std::size_t size = kInner == 0 ? inner : kInner;
  for (; !from.empty(); from = from.subspan(block_bytes)) {
    for (const std::int64_t index : keep) {
      std::memcpy(to, from.data() + static_cast<std::size_t>(index) * size, kInner == 0 ? inner : kInner);
      to += size;
    }
  }
}

}  // namespace

Slicer::Slicer(const TensorInfo& info, std::size_t axis, std::span<const std::int64_t> keep) : keep_(keep) {
  const std::vector<std::int64_t>& shape = info.shape;
  if (axis >= shape.size()) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("a tensor of rank {} has no axis {}", shape.size(), axis));
  }
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] < 0 || keep[i] >= shape[axis]) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("index {} is outside an axis of {} elements", keep[i], shape[axis]));
    }
    if (i > 0 && keep[i] <= keep[i - 1]) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("index {} follows {}: indices must ascend", keep[i], keep[i - 1]));
    }
  }
  for (std::size_t i = 0; i < axis; ++i) outer_ *= static_cast<std::size_t>(shape[i]);
  extent_ = static_cast<std::size_t>(shape[axis]);
  inner_ = size_of(info.dtype);
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner_ *= static_cast<std::size_t>(shape[i]);
}

std::uint64_t Slicer::unit() const {
  return std::max<std::uint64_t>(1, outer_ == 1 ? inner_ : extent_ * inner_);
}

void Slicer::next(std::span<const std::byte> piece, std::vector<std::byte>& kept) {
  if (piece.size() % unit() != 0) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("a piece of {} bytes is no multiple of {}", piece.size(), unit()));
  }
  if (outer_ == 1) {
    take_rows(piece, kept);
    return;
  }
  kept.resize(piece.size() / unit() * keep_.size() * inner_);
  if (kept.empty()) return;
  switch (inner_) {
    case 1:
      return gather<1>(piece, unit(), inner_, keep_, kept.data());
    case 2:
      return gather<2>(piece, unit(), inner_, keep_, kept.data());
    case 4:
      return gather<4>(piece, unit(), inner_, keep_, kept.data());
    case 8:
      return gather<8>(piece, unit(), inner_, keep_, kept.data());
    default:
      return gather<0>(piece, unit(), inner_, keep_, kept.data());
  }
}

void Slicer::take_rows(std::span<const std::byte> piece, std::vector<std::byte>& kept) {
  const std::size_t end = row_ + piece.size() / unit();
  std::size_t last = taken_;
  while (last < keep_.size() && static_cast<std::size_t>(keep_[last]) < end) ++last;
  kept.resize((last - taken_) * inner_);
  std::byte* to = kept.data();
  for (; taken_ < last; ++taken_, to += inner_) {
    if (inner_ == 0) continue;
    std::memcpy(to, piece.data() + (static_cast<std::size_t>(keep_[taken_]) - row_) * inner_, inner_);
  }
  row_ = end;
}

HostTensor slice(const HostTensor& tensor, std::size_t axis, std::span<const std::int64_t> keep) {
  Slicer slicer(tensor.info, axis, keep);
  HostTensor kept;
  kept.info = tensor.info;
  kept.info.shape[axis] = static_cast<std::int64_t>(keep.size());
  slicer.next(tensor.data, kept.data);
  kept.info.bytes = kept.data.size();
  return kept;
}

}  // namespace prunenet
