#pragma once

#include <cstdint>
#include <cstring>
#include <string>

namespace prunenet::testing {

/// The bytes of a safetensors file, by hand: header length, header as given, data. Nothing is checked or padded.
inline std::string safetensors_bytes(const std::string& header, const std::string& data = "") {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + header + data;
}

}  // namespace prunenet::testing
