#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

namespace prunenet {

/// Text of a file, fit for a one-line message: control characters escaped, at most `max_bytes` of it.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 120);

/// "[3, 4]", with "..." for all but the first 16.
[[nodiscard]] std::string printable(std::span<const std::int64_t> shape);

/// A value of a file as JSON, in ASCII, at most `max_bytes` of it.
[[nodiscard]] std::string printable_json(const nlohmann::json& value, std::size_t max_bytes = 120);

/// Throws Error(kBadInput), "where: why".
[[noreturn]] void reject(const std::string& where, const std::string& why);

}  // namespace prunenet
