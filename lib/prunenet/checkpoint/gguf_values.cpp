// Typed access to the metadata of a GgufFile.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

[[noreturn]] void throw_wrong_kind(const std::filesystem::path& path, const std::string& key, const char* wanted) {
  throw Error(ErrorKind::kBadInput, fmt::format("{}: metadata '{}' is not {}", path.string(), printable(key), wanted));
}

template <typename T>
const T& get(const GgufValue& value, const std::filesystem::path& path, const std::string& key, const char* wanted) {
  const T* const held = std::get_if<T>(&value);
  if (held == nullptr) throw_wrong_kind(path, key, wanted);
  return *held;
}

constexpr auto kMaxSigned = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

}  // namespace

std::int64_t GgufFile::integer(const std::string& key) const {
  const GgufValue& held = value(key);
  if (const auto* const number = std::get_if<std::uint64_t>(&held); number != nullptr && *number <= kMaxSigned) {
    return static_cast<std::int64_t>(*number);
  }
  return get<std::int64_t>(held, path(), key, "an integer of 63 bits");
}

double GgufFile::number(const std::string& key) const {
  const GgufValue& held = value(key);
  if (const auto* const number = std::get_if<std::uint64_t>(&held)) return static_cast<double>(*number);
  if (const auto* const number = std::get_if<std::int64_t>(&held)) return static_cast<double>(*number);
  return get<double>(held, path(), key, "a number");
}

bool GgufFile::flag(const std::string& key) const {
  return get<bool>(value(key), path(), key, "a boolean");
}

const std::string& GgufFile::text(const std::string& key) const {
  return get<std::string>(value(key), path(), key, "a text");
}

std::vector<std::int64_t> GgufFile::integers(const std::string& key) const {
  const GgufValue& held = value(key);
  if (const auto* const numbers = std::get_if<std::vector<std::uint64_t>>(&held)) {
    if (std::ranges::any_of(*numbers, [](std::uint64_t number) { return number > kMaxSigned; })) {
      throw_wrong_kind(path(), key, "an array of integers of 63 bits");
    }
    return {numbers->begin(), numbers->end()};
  }
  return get<std::vector<std::int64_t>>(held, path(), key, "an array of integers");
}

std::vector<double> GgufFile::numbers(const std::string& key) const {
  return get<std::vector<double>>(value(key), path(), key, "an array of floating-point numbers");
}

const std::vector<std::string>& GgufFile::texts(const std::string& key) const {
  return get<std::vector<std::string>>(value(key), path(), key, "an array of texts");
}

}  // namespace prunenet
