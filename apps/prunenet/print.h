#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prunenet::cli {

/// Text on standard output. Throws Error(kOutOfSpace) or Error(kIo) where it cannot be written.
void print(std::string_view text);

/// Indented JSON to a file (complete or not at all), or to standard output where `destination` is "-".
void write_json(const std::string& destination, const nlohmann::json& json);

/// Rows under a heading as text columns: the first column to the left, the others to the right.
[[nodiscard]] std::string render_table(const std::vector<std::vector<std::string>>& rows);

/// "name    value" lines, values aligned.
[[nodiscard]] std::string render_facts(const std::vector<std::pair<std::string, std::string>>& facts);

}  // namespace prunenet::cli
