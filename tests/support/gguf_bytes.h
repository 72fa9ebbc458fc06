#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace prunenet::testing {

/// Little-endian bytes of a number.
template <typename T>
std::string le(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

/// A GGUF text: u64 length, bytes.
inline std::string gguf_text(const std::string& text) {
  return le<std::uint64_t>(text.size()) + text;
}

/// The bytes of a GGUF file by hand, part by part. Nothing is checked.
struct GgufBytes {
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::string pairs{};    ///< keys, types and values
  std::string tensors{};  ///< names, ranks, shapes, types and offsets
  std::string data{};     ///< follows at the next multiple of the alignment
  std::uint64_t pair_count = 0;
  std::uint64_t tensor_count = 0;
  std::size_t alignment = 32;

  template <typename T>
  GgufBytes& pair(const std::string& key, std::uint32_t type, T value) {
    return pair_bytes(key, type, le(value));
  }
  GgufBytes& pair_bytes(const std::string& key, std::uint32_t type, const std::string& value) {
    ++pair_count;
    pairs += gguf_text(key) + le(type) + value;
    return *this;
  }
  /// `extents` innermost first, as in the file.
  GgufBytes& tensor(const std::string& name, const std::vector<std::uint64_t>& extents, std::uint32_t type,
                    std::uint64_t offset) {
    ++tensor_count;
    tensors += gguf_text(name) + le(static_cast<std::uint32_t>(extents.size()));
    for (const std::uint64_t extent : extents) tensors += le(extent);
    tensors += le(type) + le(offset);
    return *this;
  }
  [[nodiscard]] std::string bytes() const {
    std::string all = magic + le(version) + le(tensor_count) + le(pair_count) + pairs + tensors;
    all.append((alignment - all.size() % alignment) % alignment, '\0');
    return all + data;
  }
};

}  // namespace prunenet::testing
