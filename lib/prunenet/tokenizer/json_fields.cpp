#include "prunenet/tokenizer/json_fields.h"

#include <fmt/format.h>

#include <memory>

#include "prunenet/checkpoint/printable.h"
#include "prunenet/core/error.h"
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
  return found == component.end() || found->is_null() ? otherwise : found->get<bool>();
}

std::string character(const json& component, const char* key, std::string_view otherwise) {
  std::string text = component.value(key, std::string(otherwise));
  if (text.empty() || character_at(text, 0).length != text.size()) {
    throw Error(ErrorKind::kBadInput, fmt::format("\"{}\" is \"{}\", expected one character", key, printable(text)));
  }
  return text;
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
