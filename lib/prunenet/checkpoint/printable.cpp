#include "prunenet/checkpoint/printable.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "prunenet/core/error.h"

namespace prunenet {

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string line;
  for (const char character : text.substr(0, max_bytes)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7F) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += character;
    }
  }
  if (text.size() > max_bytes) line += "...";
  return line;
}

std::string printable(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void reject(const std::string& where, const std::string& why) {
  throw Error(ErrorKind::kBadInput, fmt::format("{}: {}", where, why));
}

}  // namespace prunenet
