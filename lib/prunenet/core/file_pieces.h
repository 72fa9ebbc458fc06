#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "prunenet/core/range_reader.h"

namespace prunenet {

/// A range cut into pieces of `step` (above 0) bytes and a rest, front to back; nothing of an empty one.
[[nodiscard]] inline std::vector<FileRange> pieces_of(FileRange range, std::uint64_t step) {
  std::vector<FileRange> pieces;
  for (std::uint64_t done = 0; done < range.bytes; done += step) {
    pieces.push_back({range.offset + done, std::min(step, range.bytes - done)});
  }
  return pieces;
}

}  // namespace prunenet
