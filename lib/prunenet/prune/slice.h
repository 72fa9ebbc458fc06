#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prunenet/checkpoint/tensor.h"

namespace prunenet {

/// Keeps some indices of one axis of a tensor that passes by in pieces: axis 0 keeps rows, axis 1 columns. What is kept
/// does not pass through any other type, so it stays bit-identical.
class Slicer {
 public:
  /// `keep` ascending, and alive as long as this is. Throws Error(kInvalidArgument) where the tensor has no such axis,
  /// an index is outside it, or they do not ascend.
  Slicer(const TensorInfo& info, std::size_t axis, std::span<const std::int64_t> keep);

  /// Each piece must be a multiple of this many bytes: one row, or what the axis and those behind it take; 1 of a
  /// tensor without elements.
  [[nodiscard]] std::uint64_t unit() const;
  /// What stays of the next piece takes the place of what is in `kept`. Throws Error(kInvalidArgument) for a piece that
  /// is no such multiple.
  void next(std::span<const std::byte> piece, std::vector<std::byte>& kept);

 private:
  void take_rows(std::span<const std::byte> piece, std::vector<std::byte>& kept);

  std::span<const std::int64_t> keep_;
  std::size_t outer_ = 1;   ///< elements of the axes before
  std::size_t extent_ = 0;  ///< of the axis
  std::size_t inner_ = 0;   ///< bytes of what one index of it holds
  std::size_t row_ = 0;     ///< of the next piece, where there is no axis before
  std::size_t taken_ = 0;   ///< of `keep_`, likewise
};

/// The same of a whole tensor.
[[nodiscard]] HostTensor slice(const HostTensor& tensor, std::size_t axis, std::span<const std::int64_t> keep);

}  // namespace prunenet
