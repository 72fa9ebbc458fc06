#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prunenet {

/// Numbers and texts one behind the other, little endian, as a GGUF file holds them.
class GgufByteBuffer {
 public:
  template <typename T>
  GgufByteBuffer& number(T value) {
    return raw(std::as_bytes(std::span(&value, 1)));
  }
  /// A u64 length and the bytes.
  GgufByteBuffer& text(std::string_view value);
  GgufByteBuffer& raw(std::span<const std::byte> value);
  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// Metadata pairs as a GGUF file holds them, in their order. Setting a key that is there keeps its place.
class GgufPairs {
 public:
  void set(const std::string& key, bool value);
  void set(const std::string& key, std::uint32_t value);
  void set(const std::string& key, float value);
  void set(const std::string& key, std::string_view value);
  void set(const std::string& key, const char* value) { set(key, std::string_view(value)); }
  void set(const std::string& key, const std::vector<bool>& values);
  void set(const std::string& key, const std::vector<std::uint32_t>& values);
  void set(const std::string& key, const std::vector<std::int32_t>& values);
  void set(const std::string& key, const std::vector<float>& values);
  void set(const std::string& key, const std::vector<std::string>& values);
  /// Type and value byte for byte, as `GgufFile::raw_value` gives them.
  void set_raw(const std::string& key, std::vector<std::byte> value);

  [[nodiscard]] const std::vector<std::pair<std::string, std::vector<std::byte>>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::vector<std::byte>>> pairs_;
};

}  // namespace prunenet
