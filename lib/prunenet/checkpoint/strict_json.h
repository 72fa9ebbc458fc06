#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "prunenet/core/file.h"

namespace prunenet {

/// Deepest nesting, an object or list each level; beyond it functions that call themselves would run out of stack.
inline constexpr int kMaxJsonDepth = 64;

/// One JSON object. Beyond what the parser rejects (bad UTF-8 among it): duplicate keys, a byte order mark, NUL bytes
/// (which the parser takes for the end), anything that is not an object, and nesting deeper than `max_depth`.
/// Throws Error(kBadInput) that starts with `where` ("model.safetensors: header").
[[nodiscard]] nlohmann::json parse_json_object(std::string_view text, const std::string& where,
                                               int max_depth = kMaxJsonDepth);
/// The same, with the keys in the text's order; at most 10,000 an object.
[[nodiscard]] nlohmann::ordered_json parse_ordered_json_object(std::string_view text, const std::string& where);
/// The same of any value.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, const std::string& where);

/// The one object of a file. Throws what `read_text_file` and `parse_json_object` throw.
[[nodiscard]] nlohmann::json read_json_object(const std::filesystem::path& path,
                                              std::uint64_t max_bytes = kMaxFileBytes);

}  // namespace prunenet
