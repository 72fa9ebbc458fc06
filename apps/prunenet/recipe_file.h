#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace prunenet::cli {

/// A YAML recipe as JSON: a map at the top (null where the file is empty becomes an empty object), plain scalars typed
/// as YAML's core schema types them, quoted ones as strings.
/// Throws Error(kBadInput) for a missing file, one of more than 1 MiB or not in UTF-8, YAML that does not parse (with
/// its line), a duplicate key, more than 16 levels, and more than 10,000 values, those counted that aliases stand for.
[[nodiscard]] nlohmann::json read_recipe_file(const std::filesystem::path& path);

/// One value as it would stand in a recipe: "0.1", "true", "[0.2, 0.3]". Throws Error(kInvalidArgument).
[[nodiscard]] nlohmann::json parse_recipe_value(std::string_view text);

/// Puts "KEY=VALUE" or "SECTION.KEY=VALUE" into a recipe. Throws Error(kInvalidArgument) where it is neither.
void apply_recipe_setting(const std::string& setting, nlohmann::json& recipe);

/// The sections of a recipe as YAML, indented by two.
[[nodiscard]] std::string recipe_text(const nlohmann::json& recipe);

}  // namespace prunenet::cli
