#include "prunenet/family/config_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

ConfigFields::ConfigFields(const nlohmann::json& object, std::string file, std::string path)
    : object_(&object), file_(std::move(file)), path_(std::move(path)) {}

const nlohmann::json* ConfigFields::find(const char* key) const {
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

void ConfigFields::reject(const char* key, const std::string& why) const {
  throw Error(ErrorKind::kBadInput, fmt::format("{}: {}{} {}", file_, path_, key, why));
}

void ConfigFields::refuse(const char* key, const std::string& why) const {
  throw Error(ErrorKind::kUnsupported, fmt::format("{}: {}{} {}", file_, path_, key, why));
}

const nlohmann::json& ConfigFields::require(const char* key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) reject(key, "is missing");
  return *value;
}

std::int64_t ConfigFields::to_integer(const char* key, const nlohmann::json& value, std::int64_t low,
                                      std::int64_t high) const {
  if (!value.is_number_integer()) reject(key, fmt::format("is {}, which is not an integer", printable_json(value)));
  // A value above the range of int64 is stored as unsigned and would wrap in `get`.
  const bool too_large = value.is_number_unsigned() &&
                         value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  if (too_large || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high) {
    reject(key, fmt::format("is {}, outside [{}, {}]", printable_json(value), low, high));
  }
  return value.get<std::int64_t>();
}

std::int64_t ConfigFields::integer(const char* key, std::int64_t low, std::int64_t high) const {
  return to_integer(key, require(key), low, high);
}

std::int64_t ConfigFields::integer_or(const char* key, std::int64_t otherwise, std::int64_t low,
                                      std::int64_t high) const {
  return has(key) ? integer(key, low, high) : otherwise;
}

double ConfigFields::to_number(const char* key, const nlohmann::json& value, double low, double high) const {
  if (!value.is_number()) reject(key, fmt::format("is {}, which is not a number", printable_json(value)));
  const double number = value.get<double>();
  if (!std::isfinite(number) || number < low || number > high) {
    reject(key, fmt::format("is {}, outside [{}, {}]", printable_json(value), low, high));
  }
  return number;
}

double ConfigFields::number(const char* key, double low, double high) const {
  return to_number(key, require(key), low, high);
}

std::vector<double> ConfigFields::numbers(const char* key, double low, double high) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_array()) reject(key, fmt::format("is {}, which is not a list of numbers", printable_json(*value)));
  std::vector<double> values;
  for (const nlohmann::json& item : *value) values.push_back(to_number(key, item, low, high));
  return values;
}

double ConfigFields::number_or(const char* key, double otherwise, double low, double high) const {
  return has(key) ? number(key, low, high) : otherwise;
}

bool ConfigFields::boolean_or(const char* key, bool otherwise) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) reject(key, fmt::format("is {}, which is neither true nor false", printable_json(*value)));
  return value->get<bool>();
}

std::string ConfigFields::text(const char* key) const {
  const nlohmann::json& value = require(key);
  if (!value.is_string()) reject(key, fmt::format("is {}, which is not a string", printable_json(value)));
  return value.get<std::string>();
}

std::string ConfigFields::text_or(const char* key, const std::string& otherwise) const {
  return has(key) ? text(key) : otherwise;
}

std::vector<std::int64_t> ConfigFields::integers(const char* key, std::int64_t low, std::int64_t high) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_array()) return {to_integer(key, *value, low, high)};
  std::vector<std::int64_t> values;
  for (const nlohmann::json& item : *value) values.push_back(to_integer(key, item, low, high));
  return values;
}

std::vector<std::string> ConfigFields::texts(const char* key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_array()) reject(key, fmt::format("is {}, which is not a list of strings", printable_json(*value)));
  std::vector<std::string> values;
  for (const nlohmann::json& item : *value) {
    if (!item.is_string()) reject(key, fmt::format("holds {}, which is not a string", printable_json(item)));
    values.push_back(item.get<std::string>());
  }
  return values;
}

std::optional<ConfigFields> ConfigFields::object(const char* key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) reject(key, fmt::format("is {}, which is not an object", printable_json(*value)));
  return ConfigFields(*value, file_, path_ + key + ".");
}

}  // namespace prunenet
