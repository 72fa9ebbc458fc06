#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/core/error.h"

namespace prunenet {

/// One key of a recipe, bound to the variable that holds its value: how it is read from JSON and written to it.
/// `read` throws Error(kInvalidArgument) naming key, value and what is wanted; nlohmann's own conversions would turn
/// 1.5 into 1 and true into 1.
struct RecipeField {
  std::function<void(const nlohmann::json&)> read;
  std::function<nlohmann::json()> write;
};

/// Keys of one section of a recipe.
using RecipeSection = std::map<std::string, RecipeField>;

/// Throws Error(kInvalidArgument): "recipe key 'KEY' is VALUE, but must be WANTED".
[[noreturn]] void refuse_recipe_value(const std::string& key, const nlohmann::json& value, std::string_view wanted);

/// Throws Error(kInvalidArgument): "recipe key 'KEY' is unknown; known here: KNOWN".
[[noreturn]] void refuse_recipe_key(const std::string& key, const std::vector<std::string>& known);

/// Throws Error(kInvalidArgument) unless it holds: "WHAT option 'FIELD' is VALUE, but must be RANGE".
void require_option(bool holds, std::string_view what, const char* field, double value, const char* range);

/// A field each; `key` is the full name that errors give, `target` must outlive the field.
[[nodiscard]] RecipeField integer_field(const std::string& key, std::int64_t& target);
[[nodiscard]] RecipeField seed_field(const std::string& key, std::uint64_t& target);
[[nodiscard]] RecipeField number_field(const std::string& key, double& target);
[[nodiscard]] RecipeField truth_field(const std::string& key, bool& target);
[[nodiscard]] RecipeField text_field(const std::string& key, std::string& target);
[[nodiscard]] RecipeField integers_field(const std::string& key, std::vector<std::int64_t>& target);
[[nodiscard]] RecipeField seeds_field(const std::string& key, std::vector<std::uint64_t>& target);
[[nodiscard]] RecipeField numbers_field(const std::string& key, std::vector<double>& target);
[[nodiscard]] RecipeField texts_field(const std::string& key, std::vector<std::string>& target);

/// A value of a closed set of names; `parse` throws for any other.
template <typename Enumeration>
[[nodiscard]] RecipeField name_field(const std::string& key, Enumeration& target,
                                     Enumeration (*parse)(std::string_view)) {
  return {[&target, key, parse](const nlohmann::json& value) {
            if (!value.is_string()) refuse_recipe_value(key, value, "a name");
            target = parse(value.get<std::string>());
          },
          [&target] { return nlohmann::json(std::string(to_string(target))); }};
}

template <typename Map>
[[nodiscard]] std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& entry : map) keys.push_back(entry.first);
  return keys;
}

/// Reads what `values` has of the section called `name`. Throws Error(kInvalidArgument) where it is no object, has a
/// key that the section has not, or a value of the wrong kind.
void read_recipe_section(const std::string& name, const RecipeSection& section, const nlohmann::json& values);

/// Reads a recipe that has one section, or nothing. Throws as `read_recipe_section`, and likewise for other sections.
void read_recipe_of(const std::string& name, const RecipeSection& section, const nlohmann::json& recipe);

/// What `read_recipe_of` reads: `{name: {key: value}}`.
[[nodiscard]] nlohmann::json recipe_of(const std::string& name, const RecipeSection& section);

}  // namespace prunenet
