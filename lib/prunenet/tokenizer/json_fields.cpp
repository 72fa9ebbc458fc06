#include "prunenet/tokenizer/json_fields.h"

#include <fmt/format.h>

#include <memory>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/regex.h"

namespace prunenet {

using nlohmann::json;

std::string component_type(const json& component, std::string_view place) {
  if (!component.is_object() || !component.contains("type") || !component["type"].is_string()) {
    throw Error(ErrorKind::kBadInput, fmt::format("{} is not an object with a \"type\"", place));
  }
  return component["type"].get<std::string>();
}

void throw_unsupported(std::string_view place, std::string_view type) {
  throw Error(ErrorKind::kUnsupported, fmt::format("{} of type \"{}\" is not supported", place, printable(type)));
}

bool flag(const json& component, const char* key, bool otherwise) {
  const auto found = component.find(key);
  if (found == component.end() || found->is_null()) return otherwise;
  if (!found->is_boolean()) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("\"{}\" is {}, which is neither true nor false", key, printable_json(*found)));
  }
  return found->get<bool>();
}

std::string character(const json& component, const char* key, std::string_view otherwise) {
  std::string text = component.value(key, std::string(otherwise));
  if (text.empty() || character_at(text, 0).length != text.size()) {
    throw Error(ErrorKind::kBadInput, fmt::format("\"{}\" is \"{}\", expected one character", key, printable(text)));
  }
  return text;
}

TokenId token_id(const json& value, const std::string& owner) {
  const bool fits = value.is_number_integer() && value >= 0 && value <= kMaximumTokenId;
  if (!fits) {
    throw Error(ErrorKind::kBadInput, fmt::format("{} has id {}, which is not an integer in [0, {}]", owner,
                                                  printable_json(value), kMaximumTokenId));
  }
  return value.get<TokenId>();
}

namespace {

std::size_t count_objects(const json& value) {
  std::size_t count = value.is_object() ? 1 : 0;
  if (value.is_structured()) {
    for (const json& part : value) count += count_objects(part);
  }
  return count;
}

}  // namespace

void check_parts(const json& component, std::string_view place) {
  constexpr std::size_t kMost = 256;  // each may hold a compiled pattern; a dozen are many
  if (const std::size_t count = count_objects(component); count > kMost) {
    throw Error(ErrorKind::kUnsupported, fmt::format("{} has {} parts, at most {} are allowed", place, count, kMost));
  }
}

void check_growth(std::size_t before, std::size_t after, std::size_t factor) {
  if (after <= factor * before + 16 * factor) return;  // some for what is put before a text
  throw Error(ErrorKind::kUnsupported,
              fmt::format("the tokenizer makes {} bytes of {}, more than {} times as many", after, before, factor));
}

Finder make_finder(const json& pattern) {
  if (pattern.is_object() && pattern.contains("Regex")) {
    const auto regex = std::make_shared<const Regex>(pattern["Regex"].get<std::string>());
    return [regex](std::string_view text, std::vector<TextRange>& matches) { regex->find_all(text, matches); };
  }
  if (!pattern.is_object() || !pattern.contains("String") || pattern["String"].get<std::string>().empty()) {
    throw Error(ErrorKind::kBadInput, "a \"pattern\" is neither {\"Regex\": ...} nor a non-empty {\"String\": ...}");
  }
  return [literal = pattern["String"].get<std::string>()](std::string_view text, std::vector<TextRange>& matches) {
    for (std::size_t at = text.find(literal); at != std::string_view::npos;
         at = text.find(literal, at + literal.size())) {
      matches.push_back({at, at + literal.size()});
    }
  };
}

std::string replace_matches(const Finder& find, std::string_view text, std::string_view content) {
  std::vector<TextRange> matches;
  find(text, matches);
  check_growth(text.size(), text.size() + matches.size() * content.size(), kMaxGrowth);
  std::string result;
  std::size_t copied = 0;
  for (const TextRange& match : matches) {
    result += text.substr(copied, match.begin - copied);
    result += content;
    copied = match.end;
  }
  result += text.substr(copied);
  return result;
}

}  // namespace prunenet
