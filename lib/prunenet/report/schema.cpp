#include "prunenet/report/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet::schema {

namespace {

using nlohmann::json;

constexpr std::size_t kExcerpt = 40;  // of somebody's file in a message

bool is_finite(const json& value) {
  return value.is_number() && std::isfinite(value.get<double>());
}

[[noreturn]] void refuse_fields(const Place& place, const std::string& complaint) {
  throw Error(ErrorKind::kBadInput, fmt::format("{}: {}{}{}", place.file, place.path.empty() ? "" : "in ", place.path,
                                                place.path.empty() ? complaint : ": " + complaint));
}

std::string names_of(const std::vector<Field>& fields) {
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const Field& field : fields) names.push_back(field.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

void check_known(const json& value, const std::vector<Field>& fields, const Place& place) {
  for (const auto& [key, ignored] : value.items()) {
    const bool known =
        std::any_of(fields.begin(), fields.end(), [&name = key](const Field& field) { return field.name == name; });
    if (!known) {
      refuse_fields(place, fmt::format("unknown field {}; known here: {}", printable_json(json(key), kExcerpt),
                                       names_of(fields)));
    }
  }
}

}  // namespace

Place Place::field(const std::string& name) const {
  return {file, path.empty() ? name : path + "." + name};
}

Place Place::item(std::size_t index) const {
  return {file, fmt::format("{}[{}]", path, index)};
}

void refuse(const Place& place, const json& value, const std::string& wanted) {
  throw Error(ErrorKind::kBadInput,
              fmt::format("{}: {} is {}, but must be {}", place.file,
                          place.path.empty() ? "the record" : fmt::format("field \"{}\"", place.path),
                          printable_json(value, kExcerpt), wanted));
}

Check text() {
  return [](const json& value, const Place& place) {
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) refuse(place, value, "a text");
  };
}

Check one_of(std::vector<std::string> names) {
  return [names = std::move(names)](const json& value, const Place& place) {
    const bool known = value.is_string() && std::find(names.begin(), names.end(), value) != names.end();
    if (!known) refuse(place, value, fmt::format("one of \"{}\"", fmt::join(names, "\", \"")));
  };
}

Check boolean() {
  return [](const json& value, const Place& place) {
    if (!value.is_boolean()) refuse(place, value, "true or false");
  };
}

Check integer(std::int64_t smallest) {
  return [smallest](const json& value, const Place& place) {
    const bool fits =
        value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX);
    if (!fits || value.get<std::int64_t>() < smallest) {
      refuse(place, value, fmt::format("an integer of at least {}", smallest));
    }
  };
}

Check number(double smallest, double largest) {
  return [smallest, largest](const json& value, const Place& place) {
    const bool inside = value.is_number() && value.get<double>() >= smallest && value.get<double>() <= largest;
    if (!inside) refuse(place, value, fmt::format("a number in [{}, {}]", smallest, largest));
  };
}

Check finite() {
  return [](const json& value, const Place& place) {
    if (!is_finite(value)) refuse(place, value, "a finite number");
  };
}

Check positive() {
  return [](const json& value, const Place& place) {
    if (!is_finite(value) || value.get<double>() <= 0.0) refuse(place, value, "a finite number above 0");
  };
}

Check not_negative() {
  return [](const json& value, const Place& place) {
    if (!is_finite(value) || value.get<double>() < 0.0) refuse(place, value, "a finite number of at least 0");
  };
}

Check list_of(Check item) {
  return [item = std::move(item)](const json& value, const Place& place) {
    if (!value.is_array()) refuse(place, value, "a list");
    for (std::size_t index = 0; index < value.size(); ++index) item(value[index], place.item(index));
  };
}

Check map_of(Check value_check) {
  return [value_check = std::move(value_check)](const json& value, const Place& place) {
    if (!value.is_object()) refuse(place, value, "an object");
    for (const auto& [key, entry] : value.items()) value_check(entry, place.field(key));
  };
}

Check anything() {
  return [](const json& value, const Place& place) {
    if (!value.is_object()) refuse(place, value, "an object");
  };
}

Check object(std::vector<Field> fields) {
  return [fields = std::move(fields)](const json& value, const Place& place) {
    if (!value.is_object()) refuse(place, value, "an object");
    check_known(value, fields, place);
    for (const Field& field : fields) {
      const auto found = value.find(field.name);
      if (found != value.end() && !found->is_null()) {
        field.check(*found, place.field(field.name));
      } else if (field.required) {
        refuse_fields(place, fmt::format("field \"{}\" is missing", field.name));
      }
    }
  };
}

}  // namespace prunenet::schema
