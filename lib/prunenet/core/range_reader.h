#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "prunenet/core/input_file.h"

namespace prunenet {

/// A part of a file.
struct FileRange {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// Reads ranges of a file one after the other and hashes them, on a thread of its own if wanted, so that the disk and
/// the digest go on while their taker computes. Memory: `ahead` + 1 ranges.
class RangeReader {
 public:
  /// `ahead`: how many ranges may wait to be taken; 0 reads each when it is asked for, without a thread.
  /// Throws Error(kInvalidArgument) where a range is not in the file.
  RangeReader(const InputFile& file, std::vector<FileRange> ranges, std::size_t ahead);
  /// Ends the thread; what was read ahead is dropped.
  ~RangeReader();
  RangeReader(const RangeReader&) = delete;
  RangeReader& operator=(const RangeReader&) = delete;

  /// The next range's bytes, until the next call. Throws what InputFile::read throws, Error(kInvalidArgument) after the
  /// last.
  [[nodiscard]] std::span<const std::byte> next();
  /// SHA-256 of all ranges in their order, once the last was taken; Error(kInvalidArgument) before.
  [[nodiscard]] std::string digest();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace prunenet
