#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "prunenet/core/input_file.h"

namespace prunenet {

/// Reads a file from its start, value by value, and knows how many bytes are left: no length of the file is believed
/// before it has been compared with them. Throws Error(kBadInput) naming file, position and what was being read.
class BoundedReader {
 public:
  explicit BoundedReader(const InputFile& file) : file_(&file) {}

  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::uint64_t left() const { return file_->size() - position_; }

  /// A little-endian number.
  template <typename T>
  [[nodiscard]] T number(const char* what) {
    static_assert(std::is_arithmetic_v<T>);
    T value{};
    std::memcpy(&value, take(sizeof(T), what), sizeof(T));
    return value;
  }

  /// A u64 length and that many bytes, at most `max_bytes`.
  [[nodiscard]] std::string text(const char* what, std::uint64_t max_bytes);

  /// A u64 count of things that take at least `item_bytes` each: at most `max_count`, and no more than bytes are left.
  [[nodiscard]] std::uint64_t count(const char* what, std::uint64_t item_bytes, std::uint64_t max_count);

 private:
  /// The next `bytes` bytes, valid until the next call; at most a buffer's worth.
  const std::byte* take(std::uint64_t bytes, const char* what);
  [[noreturn]] void fail(const std::string& why) const;

  const InputFile* file_;
  std::uint64_t position_ = 0;
  std::vector<std::byte> buffer_;
  std::uint64_t buffer_start_ = 0;
};

}  // namespace prunenet
