#include "prunenet/checkpoint/bounded_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "prunenet/core/checked.h"
#include "prunenet/core/error.h"

namespace prunenet {

namespace {
constexpr std::uint64_t kBufferBytes = 1ULL << 20U;
}

void BoundedReader::fail(const std::string& why) const {
  throw Error(ErrorKind::kBadInput, fmt::format("{}: at byte {}: {}", file_->path().string(), position_, why));
}

const std::byte* BoundedReader::take(std::uint64_t bytes, const char* what) {
  if (bytes > left()) fail(fmt::format("truncated: {} needs {} bytes, {} are left", what, bytes, left()));
  if (position_ + bytes > buffer_start_ + buffer_.size()) {
    buffer_ = file_->read(position_, std::min(std::max(bytes, kBufferBytes), left()));
    buffer_start_ = position_;
  }
  const std::byte* const taken = buffer_.data() + (position_ - buffer_start_);
  position_ += bytes;
  return taken;
}

std::string BoundedReader::text(const char* what, std::uint64_t max_bytes) {
  const std::uint64_t length = count(what, 1, max_bytes);
  const auto* const characters = reinterpret_cast<const char*>(take(length, what));
  return {characters, length};
}

std::uint64_t BoundedReader::count(const char* what, std::uint64_t item_bytes, std::uint64_t max_count) {
  const auto items = number<std::uint64_t>(what);
  if (items > max_count) fail(fmt::format("{}: {} is more than the {} allowed", what, items, max_count));
  const auto bytes = checked_multiply(items, item_bytes);
  if (!bytes || *bytes > left()) {
    fail(fmt::format("truncated: {} says {}, only {} bytes are left", what, items, left()));
  }
  return items;
}

}  // namespace prunenet
