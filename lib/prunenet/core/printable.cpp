#include "prunenet/core/printable.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

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
  constexpr std::size_t kMost = 16;
  const auto first = shape.first(std::min(shape.size(), kMost));
  return fmt::format("[{}{}]", fmt::join(first, ", "), first.size() < shape.size() ? ", ..." : "");
}

std::string printable_json(const nlohmann::json& value, std::size_t max_bytes) {
  return printable(value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace), max_bytes);
}

void reject(const std::string& where, const std::string& why) {
  throw Error(ErrorKind::kBadInput, fmt::format("{}: {}", where, why));
}

}  // namespace prunenet
