#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/plan/plan.h"

namespace prunenet {

namespace {

constexpr const char* kFormat = "prunenet-plan";
constexpr std::size_t kExcerpt = 40;  // of somebody's file in a message
constexpr std::array<const char*, 7> kFields{"format",          "format_version", "source",      "intermediate_size",
                                             "requested_ratio", "round_to",       "keep_indices"};

template <typename... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  throw Error(ErrorKind::kBadInput, "plan: " + fmt::format(text, std::forward<Arguments>(arguments)...));
}

void check_fields(const nlohmann::json& json) {
  if (!json.is_object()) refuse("not a JSON object but {}", printable_json(json, kExcerpt));
  for (const char* field : kFields) {
    if (!json.contains(field)) refuse("field \"{}\" is missing", field);
  }
  for (const auto& [key, value] : json.items()) {
    if (std::find(kFields.begin(), kFields.end(), key) == kFields.end()) {
      refuse("unknown field {}", printable_json(nlohmann::json(key), kExcerpt));
    }
  }
}

std::int64_t integer_field(const nlohmann::json& json, const char* field, std::int64_t smallest) {
  const nlohmann::json& value = json.at(field);
  const bool fits =
      value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX);
  if (!fits || value.get<std::int64_t>() < smallest) {
    refuse("field \"{}\" is {}, but must be an integer of at least {}", field, printable_json(value, kExcerpt),
           smallest);
  }
  return value.get<std::int64_t>();
}

double ratio_field(const nlohmann::json& json) {
  const nlohmann::json& value = json.at("requested_ratio");
  if (!value.is_number() || !(value.get<double>() >= 0.0 && value.get<double>() <= kMaxRatio)) {
    refuse("field \"requested_ratio\" is {}, but must be a number in [0, {}]", printable_json(value, kExcerpt),
           kMaxRatio);
  }
  return value.get<double>();
}

std::vector<std::int64_t> layer_from_json(const nlohmann::json& json, std::size_t layer, const Plan& plan) {
  if (!json.is_array() || json.empty()) refuse("keep_indices of layer {} is not a list of at least one index", layer);
  std::vector<std::int64_t> indices;
  indices.reserve(json.size());
  for (const nlohmann::json& value : json) {
    const std::int64_t previous = indices.empty() ? -1 : indices.back();
    const bool inside = value.is_number_integer() && value >= 0 && value < plan.intermediate_size;
    if (!inside || value.get<std::int64_t>() <= previous) {
      refuse("keep_indices of layer {}, position {}: {} must be an integer above {} and below {}", layer,
             indices.size(), printable_json(value, kExcerpt), previous, plan.intermediate_size);
    }
    indices.push_back(value.get<std::int64_t>());
  }
  const auto width = static_cast<std::int64_t>(indices.size());
  if (width != plan.intermediate_size && width % plan.round_to != 0) {
    refuse("keep_indices of layer {}: {} neurons are neither all {} nor a multiple of round_to {}", layer, width,
           plan.intermediate_size, plan.round_to);
  }
  return indices;
}

}  // namespace

nlohmann::json to_json(const Plan& plan) {
  return {{"format", kFormat},
          {"format_version", Plan::kFormatVersion},
          {"source", plan.source},
          {"intermediate_size", plan.intermediate_size},
          {"requested_ratio", plan.requested_ratio},
          {"round_to", plan.round_to},
          {"keep_indices", plan.keep_indices}};
}

Plan plan_from_json(const nlohmann::json& json) {
  check_fields(json);
  if (json.at("format") != kFormat) {
    refuse("field \"format\" is {}, but must be \"{}\"", printable_json(json.at("format"), kExcerpt), kFormat);
  }
  const std::int64_t version = integer_field(json, "format_version", 1);
  if (version != Plan::kFormatVersion) {
    refuse("format_version is {}, but this program reads {}; make the plan again", version,
           static_cast<int>(Plan::kFormatVersion));
  }
  if (!json.at("source").is_string())
    refuse("field \"source\" is {}, but must be text", printable_json(json.at("source"), kExcerpt));

  Plan plan;
  plan.source = json.at("source").get<std::string>();
  plan.intermediate_size = integer_field(json, "intermediate_size", 1);
  plan.requested_ratio = ratio_field(json);
  plan.round_to = integer_field(json, "round_to", 1);
  const nlohmann::json& layers = json.at("keep_indices");
  if (!layers.is_array() || layers.empty()) refuse("field \"keep_indices\" is not a list of at least one layer");
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    plan.keep_indices.push_back(layer_from_json(layers[layer], layer, plan));
  }
  return plan;
}

}  // namespace prunenet
