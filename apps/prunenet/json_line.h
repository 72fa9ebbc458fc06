#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace prunenet::cli {

/// Asks for lines of JSON on standard error; an option of every verb.
inline constexpr const char* kLogJson = "log-json";

/// One line of such a log, without its end: `fields` with "time" (UTC), "level" ("info", "warning", "error"), "event",
/// and "message" where there is one. docs/cli.md lists the events. What is not UTF-8 is replaced.
[[nodiscard]] std::string json_line(std::string_view level, std::string_view event, std::string_view message,
                                    nlohmann::json fields = nlohmann::json::object());

}  // namespace prunenet::cli
