#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/eval/multiple_choice.h"

namespace prunenet {

namespace {

using nlohmann::json;

/// Choices share their context or their continuation, which is copied for each: without a limit, a file could ask for
/// the square of its size.
constexpr std::size_t kMaxChoices = 64;

/// One line of the file; every complaint names file and line.
class Line {
 public:
  Line(const std::filesystem::path& file, std::size_t number, const std::string& text)
      : where_(fmt::format("{}:{}", file.string(), number)), object_(parse_json_object(text, where_)) {}

  [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }

  [[nodiscard]] std::string text(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end() || !found->is_string()) fail(fmt::format("field '{}' is not a text", key));
    return found->get<std::string>();
  }

  [[nodiscard]] std::vector<std::string> texts(const char* key) const {
    const auto found = object_.find(key);
    const bool valid = found != object_.end() && found->is_array() && found->size() >= 2 &&
                       found->size() <= kMaxChoices &&
                       std::all_of(found->begin(), found->end(), [](const json& item) { return item.is_string(); });
    if (!valid) fail(fmt::format("field '{}' is not a list of 2 to {} texts", key, kMaxChoices));
    return found->get<std::vector<std::string>>();
  }

  [[nodiscard]] std::size_t label(std::size_t choices) const {
    const auto found = object_.find("label");
    if (found == object_.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() >= choices) {
      fail(fmt::format("field 'label' is not an index from 0 to {}", choices - 1));
    }
    return found->get<std::size_t>();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(ErrorKind::kBadInput, where_ + ": " + what); }

  std::string where_;
  json object_;
};

ChoiceItem read_item(const Line& line) {
  ChoiceItem item;
  if (line.has("id")) item.id = line.text("id");
  item.partial = line.has("contexts");
  if (item.partial) {
    item.contexts = line.texts("contexts");
    item.endings.assign(item.contexts.size(), line.text("continuation"));
  } else {
    item.endings = line.texts("choices");
    item.contexts.assign(item.endings.size(), line.text("context"));
  }
  item.label = line.label(item.endings.size());
  return item;
}

}  // namespace

std::vector<ChoiceItem> read_choice_items(const std::filesystem::path& file) {
  std::istringstream lines(read_text_file(file, kMaxDataBytes));
  std::vector<ChoiceItem> items;
  std::string text;
  for (std::size_t number = 1; std::getline(lines, text); ++number) {
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    items.push_back(read_item(Line(file, number, text)));
  }
  if (items.empty()) throw Error(ErrorKind::kBadInput, fmt::format("{}: holds no items", file.string()));
  return items;
}

}  // namespace prunenet
