#include "prunenet/core/recipe_fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

using nlohmann::json;

/// A field whose values pass `fits`; `wanted` says what those are.
template <typename Value>
RecipeField field(const std::string& key, Value& target, bool (*fits)(const json&), const char* wanted) {
  return {[&target, key, fits, wanted](const json& value) {
            if (!fits(value)) refuse_recipe_value(key, value, wanted);
            target = value.get<Value>();
          },
          [&target] { return json(target); }};
}

bool is_integer(const json& value) {
  return value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX);
}

/// Parsers differ in whether a non-negative integer is of the signed or the unsigned kind.
bool is_seed(const json& value) {
  return value.is_number_integer() && value >= 0;
}

bool is_number(const json& value) {
  return value.is_number() && std::isfinite(value.get<double>());  // YAML has infinity
}

bool is_truth(const json& value) {
  return value.is_boolean();
}

bool is_text(const json& value) {
  return value.is_string() && !value.get_ref<const std::string&>().empty();
}

template <bool (*Fits)(const json&)>
bool is_list(const json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), Fits);
}

}  // namespace

void refuse_recipe_value(const std::string& key, const json& value, std::string_view wanted) {
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("recipe key '{}' is {}, but must be {}", printable(key), printable_json(value), wanted));
}

void refuse_recipe_key(const std::string& key, const std::vector<std::string>& known) {
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("recipe key '{}' is unknown; known here: {}", printable(key), fmt::join(known, ", ")));
}

void require_option(bool holds, std::string_view what, const char* field, double value, const char* range) {
  if (holds) return;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("{} option '{}' is {}, but must be {}", what, field, value, range));
}

RecipeField integer_field(const std::string& key, std::int64_t& target) {
  return field(key, target, &is_integer, "an integer");
}

RecipeField seed_field(const std::string& key, std::uint64_t& target) {
  return field(key, target, &is_seed, "a non-negative integer");
}

RecipeField number_field(const std::string& key, double& target) {
  return field(key, target, &is_number, "a number");
}

RecipeField truth_field(const std::string& key, bool& target) {
  return field(key, target, &is_truth, "true or false");
}

RecipeField text_field(const std::string& key, std::string& target) {
  return field(key, target, &is_text, "a text that is not empty");
}

RecipeField integers_field(const std::string& key, std::vector<std::int64_t>& target) {
  return field(key, target, &is_list<is_integer>, "a list of integers");
}

RecipeField seeds_field(const std::string& key, std::vector<std::uint64_t>& target) {
  return field(key, target, &is_list<is_seed>, "a list of non-negative integers");
}

RecipeField numbers_field(const std::string& key, std::vector<double>& target) {
  return field(key, target, &is_list<is_number>, "a list of numbers");
}

RecipeField texts_field(const std::string& key, std::vector<std::string>& target) {
  return field(key, target, &is_list<is_text>, "a list of names");
}

void read_recipe_section(const std::string& name, const RecipeSection& section, const json& values) {
  if (!values.is_object()) refuse_recipe_value(name, values, "a section of keys");
  for (const auto& [key, value] : values.items()) {
    const auto found = section.find(key);
    if (found == section.end()) refuse_recipe_key(fmt::format("{}.{}", name, key), keys_of(section));
    found->second.read(value);
  }
}

void read_recipe_of(const std::string& name, const RecipeSection& section, const json& recipe) {
  if (!recipe.is_object()) refuse_recipe_value("(whole file)", recipe, "an object with the section " + name);
  for (const auto& [key, values] : recipe.items()) {
    if (key != name) refuse_recipe_key(key, {name});
    read_recipe_section(name, section, values);
  }
}

json recipe_of(const std::string& name, const RecipeSection& section) {
  json result;
  for (const auto& [key, field] : section) result[name][key] = field.write();
  return result;
}

}  // namespace prunenet
