#include "recipe_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <string>

#include "prunenet/core/error.h"
#include "prunenet/core/file.h"

namespace prunenet::cli {

namespace {

constexpr std::uint64_t kMaxRecipeBytes = 1 << 20;

/// yaml-cpp leaves scalars untyped; the tag "!" marks quoted ones.
nlohmann::json typed_scalar(const YAML::Node& node) {
  if (node.Tag() == "!") return node.Scalar();
  if (bool value = false; YAML::convert<bool>::decode(node, value)) return value;
  // Unsigned where it can be: seeds are.
  if (std::int64_t value = 0; YAML::convert<std::int64_t>::decode(node, value)) {
    return value < 0 ? nlohmann::json(value) : nlohmann::json(static_cast<std::uint64_t>(value));
  }
  if (double value = 0.0; YAML::convert<double>::decode(node, value)) return value;
  return node.Scalar();
}

nlohmann::json to_json(const YAML::Node& node) {
  if (node.IsScalar()) return typed_scalar(node);
  if (node.IsSequence()) {
    nlohmann::json array = nlohmann::json::array();
    for (const YAML::Node& item : node) array.push_back(to_json(item));
    return array;
  }
  if (!node.IsMap()) return nullptr;
  nlohmann::json object = nlohmann::json::object();
  for (const auto& entry : node) {
    const YAML::Node& key = entry.first;
    const int line = key.Mark().line + 1;
    if (!key.IsScalar()) throw Error(ErrorKind::kBadInput, fmt::format("line {}: a key is not a name", line));
    if (object.contains(key.Scalar())) {
      throw Error(ErrorKind::kBadInput, fmt::format("line {}: key '{}' stands twice", line, key.Scalar()));
    }
    object[key.Scalar()] = to_json(entry.second);
  }
  return object;
}

}  // namespace

nlohmann::json read_recipe_file(const std::filesystem::path& path) {
  const std::string text = read_text_file(path, kMaxRecipeBytes);
  nlohmann::json recipe;
  try {
    recipe = to_json(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("recipe {}: line {}: {}", path.string(), error.mark.line + 1, error.msg));
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("recipe {}: {}", path.string(), error.what()));
  }
  if (recipe.is_null()) return nlohmann::json::object();
  if (!recipe.is_object()) {
    throw Error(ErrorKind::kBadInput, fmt::format("recipe {}: expected 'key: value' lines at the top", path.string()));
  }
  return recipe;
}

nlohmann::json parse_recipe_value(std::string_view text) {
  try {
    return to_json(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& error) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("'{}' is not a value: {}", text, error.msg));
  }
}

}  // namespace prunenet::cli
