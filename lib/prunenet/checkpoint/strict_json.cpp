#include "prunenet/checkpoint/strict_json.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "prunenet/checkpoint/printable.h"
#include "prunenet/core/error.h"

namespace prunenet {

namespace {

/// The parser's own words without its error number.
std::string reason(const nlohmann::json::exception& error) {
  const std::string_view message = error.what();
  const std::size_t bracket = message.find("] ");
  return printable(bracket == std::string_view::npos ? message : message.substr(bracket + 2), 240);
}

}  // namespace

nlohmann::json parse_json_object(std::string_view text, const std::string& where, int max_depth) {
  const auto reject = [&where](const std::string& why) {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: {}", where, why));
  };
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') reject("not a JSON object");
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    reject(fmt::format("not valid JSON: NUL byte at offset {}", nul));
  }
  std::vector<std::set<std::string>> open_objects;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if ((event == Event::object_start || event == Event::array_start) && depth >= max_depth) {
      reject(fmt::format("nested deeper than {} levels", max_depth));
    }
    if (event == Event::object_start) open_objects.emplace_back();
    if (event == Event::object_end) open_objects.pop_back();
    if (event == Event::key && !open_objects.back().insert(parsed.get_ref<const std::string&>()).second) {
      reject(fmt::format("the key '{}' stands twice", printable(parsed.get_ref<const std::string&>())));
    }
    return true;
  };
  try {
    return nlohmann::json::parse(text, watch);
  } catch (const nlohmann::json::exception& error) {
    reject("not valid JSON: " + reason(error));
  }
  return {};
}

}  // namespace prunenet
