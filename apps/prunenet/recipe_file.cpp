#include "recipe_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/utf8.h"

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

/// Aliases are copied: one of itself would have no end, and ten of ten of ten ... would fill all memory.
class Converter {
 public:
  nlohmann::json convert(const YAML::Node& node, int depth = 0) {
    if (depth > kMaxDepth) refuse(node, fmt::format("nested deeper than {} levels", kMaxDepth));
    if (++values_ > kMaxValues) refuse(node, fmt::format("more than {} values, those of aliases too", kMaxValues));
    if (node.IsScalar()) return typed_scalar(node);
    if (node.IsMap()) return object(node, depth);
    if (!node.IsSequence()) return nullptr;
    nlohmann::json array = nlohmann::json::array();
    for (const YAML::Node& item : node) array.push_back(convert(item, depth + 1));
    return array;
  }

 private:
  static constexpr int kMaxDepth = 16;
  static constexpr int kMaxValues = 10'000;

  [[noreturn]] static void refuse(const YAML::Node& node, const std::string& why) {
    throw Error(ErrorKind::kBadInput, fmt::format("line {}: {}", node.Mark().line + 1, why));
  }

  nlohmann::json object(const YAML::Node& node, int depth) {
    nlohmann::json object = nlohmann::json::object();
    for (const auto& entry : node) {
      const YAML::Node& key = entry.first;
      if (!key.IsScalar()) refuse(key, "a key is not a name");
      if (object.contains(key.Scalar())) refuse(key, fmt::format("key '{}' stands twice", printable(key.Scalar())));
      object[key.Scalar()] = convert(entry.second, depth + 1);
    }
    return object;
  }

  int values_ = 0;
};

nlohmann::json load(const std::string& text) {
  const std::vector<Utf8Run> runs = split_valid_utf8(text);
  const auto invalid = std::ranges::find(runs, false, &Utf8Run::valid);
  if (invalid != runs.end()) {  // it would come out of the parser as it went in
    throw Error(ErrorKind::kBadInput, fmt::format("byte {} is not UTF-8", invalid->range.begin));
  }
  return Converter().convert(YAML::Load(text));
}

}  // namespace

nlohmann::json read_recipe_file(const std::filesystem::path& path) {
  const std::string text = read_text_file(path, kMaxRecipeBytes);
  nlohmann::json recipe;
  try {
    recipe = load(text);
  } catch (const YAML::Exception& error) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("recipe {}: line {}: {}", path.string(), error.mark.line + 1, printable(error.msg)));
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
    return load(std::string(text));
  } catch (const YAML::Exception& error) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("'{}' is not a value: {}", printable(text), printable(error.msg)));
  }
}

void apply_recipe_setting(const std::string& setting, nlohmann::json& recipe) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("--set {}: must be SECTION.KEY=VALUE", setting));
  }
  const std::string name = setting.substr(0, equals);
  const nlohmann::json value = parse_recipe_value(setting.substr(equals + 1));
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) {
    recipe[name] = value;
    return;
  }
  nlohmann::json& section = recipe[name.substr(0, dot)];
  if (!section.is_object() && !section.is_null()) return;  // who reads the recipe says what is wrong with it
  section[name.substr(dot + 1)] = value;
}

std::string recipe_text(const nlohmann::json& recipe) {
  std::string text;
  for (const auto& [section, fields] : recipe.items()) {
    if (!fields.is_object()) continue;
    text += fmt::format("  {}:\n", section);
    for (const auto& [key, value] : fields.items()) {
      text += fmt::format("    {}: {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return text;
}

}  // namespace prunenet::cli
