#include "prunenet/checkpoint/strict_json.h"

#include <fmt/format.h>

#include <set>
#include <type_traits>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

/// Objects that keep their order look for each new key in turn.
constexpr std::size_t kMaxOrderedKeys = 10'000;

/// The parser's own words without its error number.
std::string reason(const nlohmann::json::exception& error) {
  const std::string_view message = error.what();
  const std::size_t bracket = message.find("] ");
  return printable(bracket == std::string_view::npos ? message : message.substr(bracket + 2), 240);
}

template <typename Json>
Json parse_strictly(std::string_view text, const std::string& where, int max_depth) {
  const auto reject = [&where](const std::string& why) { prunenet::reject(where, why); };
  if (text.starts_with("\xEF\xBB\xBF")) reject("not valid JSON: a byte order mark stands before it");
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    reject(fmt::format("not valid JSON: NUL byte at offset {}", nul));
  }
  std::vector<std::set<std::string>> open_objects;
  const auto watch = [&](int depth, typename Json::parse_event_t event, Json& parsed) {
    using Event = typename Json::parse_event_t;
    if ((event == Event::object_start || event == Event::array_start) && depth >= max_depth) {
      reject(fmt::format("nested deeper than {} levels", max_depth));
    }
    if (std::is_same_v<Json, nlohmann::ordered_json> && event == Event::key &&
        open_objects.back().size() >= kMaxOrderedKeys) {
      reject(fmt::format("an object of more than {} keys", kMaxOrderedKeys));
    }
    if (event == Event::object_start) open_objects.emplace_back();
    if (event == Event::object_end) open_objects.pop_back();
    if (event == Event::key && !open_objects.back().insert(parsed.template get_ref<const std::string&>()).second) {
      reject(fmt::format("the key '{}' stands twice", printable(parsed.template get_ref<const std::string&>())));
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const nlohmann::json::exception& error) {
    reject("not valid JSON: " + reason(error));
  }
  return {};
}

void require_object(std::string_view text, const std::string& where) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') reject(where, "not a JSON object");
}

}  // namespace

nlohmann::json parse_json_object(std::string_view text, const std::string& where, int max_depth) {
  require_object(text, where);
  return parse_strictly<nlohmann::json>(text, where, max_depth);
}

nlohmann::ordered_json parse_ordered_json_object(std::string_view text, const std::string& where) {
  require_object(text, where);
  return parse_strictly<nlohmann::ordered_json>(text, where, kMaxJsonDepth);
}

nlohmann::json parse_json(std::string_view text, const std::string& where) {
  return parse_strictly<nlohmann::json>(text, where, kMaxJsonDepth);
}

nlohmann::json read_json_object(const std::filesystem::path& path, std::uint64_t max_bytes) {
  return parse_json_object(read_text_file(path, max_bytes), path.string());
}

}  // namespace prunenet
