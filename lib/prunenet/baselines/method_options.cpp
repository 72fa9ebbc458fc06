#include "prunenet/baselines/method_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

constexpr const char* kNameKey = "name";

}  // namespace

MethodOptions::MethodOptions(const nlohmann::json& options) : options_(options) {
  if (!options.is_object() || !options.contains(kNameKey) || !options.at(kNameKey).is_string()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("a method is {}, but must be an object of options with a \"{}\"", printable_json(options),
                            kNameKey));
  }
  name_ = options.at(kNameKey).get<std::string>();
}

void MethodOptions::check_keys(std::initializer_list<std::string> known) const {
  for (const auto& [key, value] : options_.items()) {
    if (key == kNameKey || std::ranges::find(known, key) != known.end()) continue;
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("method '{}' has no option '{}'; it has {}", printable(name_), printable(key),
                            known.size() == 0 ? "none" : fmt::format("{}", fmt::join(known, ", "))));
  }
}

void MethodOptions::refuse(const std::string& key, const std::string& wanted) const {
  throw Error(ErrorKind::kInvalidArgument, fmt::format("option '{}' of method '{}' is {}, but must be {}", key,
                                                       printable(name_), printable_json(options_.at(key)), wanted));
}

bool MethodOptions::boolean_or(const std::string& key, bool otherwise) const {
  if (!options_.contains(key)) return otherwise;
  if (!options_.at(key).is_boolean()) refuse(key, "true or false");
  return options_.at(key).get<bool>();
}

std::string MethodOptions::choice_or(const std::string& key, const std::string& otherwise,
                                     const std::vector<std::string>& known) const {
  if (!options_.contains(key)) return otherwise;
  const nlohmann::json& value = options_.at(key);
  if (!value.is_string() || std::ranges::find(known, value.get<std::string>()) == known.end()) {
    refuse(key, fmt::format("one of {}", fmt::join(known, ", ")));
  }
  return value.get<std::string>();
}

nlohmann::json MethodOptions::without_name() const {
  nlohmann::json options = options_;
  options.erase(kNameKey);
  return options;
}

nlohmann::json MethodOptions::section(const std::string& key) const {
  if (!options_.contains(key)) return nlohmann::json::object();
  if (!options_.at(key).is_object()) refuse(key, "a section of keys");
  return options_.at(key);
}

void require_calibration(const std::string& method, const torch::Tensor& calibration) {
  if (!calibration.defined()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("method '{}' needs calibration text; name a file with --calibration", method));
  }
  if (calibration.scalar_type() != torch::kInt64 || calibration.dim() != 2 || calibration.size(0) < 1 ||
      calibration.size(1) < 2) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("method '{}': calibration must be int64 token ids [B >= 1, T >= 2], not [{}]", method,
                            fmt::join(calibration.sizes(), ", ")));
  }
}

}  // namespace prunenet
