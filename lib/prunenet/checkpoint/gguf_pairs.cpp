#include "prunenet/checkpoint/gguf_pairs.h"

#include <algorithm>

#include "prunenet/checkpoint/gguf_constants.h"

namespace prunenet {

namespace {

GgufByteBuffer array_of(std::uint32_t type, std::uint64_t count) {
  return std::move(GgufByteBuffer().number<std::uint32_t>(gguf_value::kArray).number(type).number(count));
}

template <typename T>
std::vector<std::byte> number_value(std::uint32_t type, T value) {
  return GgufByteBuffer().number(type).number(value).take();
}

template <typename T>
std::vector<std::byte> number_array(std::uint32_t type, const std::vector<T>& values) {
  return array_of(type, values.size()).raw(std::as_bytes(std::span(values))).take();
}

}  // namespace

GgufByteBuffer& GgufByteBuffer::text(std::string_view value) {
  number<std::uint64_t>(value.size());
  return raw(std::as_bytes(std::span(value)));
}

GgufByteBuffer& GgufByteBuffer::raw(std::span<const std::byte> value) {
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  return *this;
}

void GgufPairs::set(const std::string& key, bool value) {
  set_raw(key, number_value<std::uint8_t>(gguf_value::kBool, value ? 1 : 0));
}

void GgufPairs::set(const std::string& key, std::uint32_t value) {
  set_raw(key, number_value(gguf_value::kUint32, value));
}

void GgufPairs::set(const std::string& key, float value) {
  set_raw(key, number_value(gguf_value::kFloat32, value));
}

void GgufPairs::set(const std::string& key, std::string_view value) {
  set_raw(key, GgufByteBuffer().number<std::uint32_t>(gguf_value::kString).text(value).take());
}

void GgufPairs::set(const std::string& key, const std::vector<bool>& values) {
  GgufByteBuffer bytes = array_of(gguf_value::kBool, values.size());
  for (const bool value : values) bytes.number<std::uint8_t>(value ? 1 : 0);
  set_raw(key, bytes.take());
}

void GgufPairs::set(const std::string& key, const std::vector<std::uint32_t>& values) {
  set_raw(key, number_array(gguf_value::kUint32, values));
}

void GgufPairs::set(const std::string& key, const std::vector<std::int32_t>& values) {
  set_raw(key, number_array(gguf_value::kInt32, values));
}

void GgufPairs::set(const std::string& key, const std::vector<float>& values) {
  set_raw(key, number_array(gguf_value::kFloat32, values));
}

void GgufPairs::set(const std::string& key, const std::vector<std::string>& values) {
  GgufByteBuffer bytes = array_of(gguf_value::kString, values.size());
  for (const std::string& value : values) bytes.text(value);
  set_raw(key, bytes.take());
}

void GgufPairs::set_raw(const std::string& key, std::vector<std::byte> value) {
  const auto found = std::ranges::find(pairs_, key, &std::pair<std::string, std::vector<std::byte>>::first);
  if (found == pairs_.end()) {
    pairs_.emplace_back(key, std::move(value));
  } else {
    found->second = std::move(value);
  }
}

}  // namespace prunenet
