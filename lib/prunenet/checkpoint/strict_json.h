#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace prunenet {

/// One JSON object. Beyond what the parser rejects (bad UTF-8 among it): duplicate keys, a byte order mark, NUL bytes
/// (which the parser takes for the end), anything that is not an object, and nesting deeper than `max_depth`.
/// Throws Error(kBadInput) that starts with `where` ("model.safetensors: header").
[[nodiscard]] nlohmann::json parse_json_object(std::string_view text, const std::string& where, int max_depth = 64);

}  // namespace prunenet
