#include "prunenet/tokenizer/normalizer.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/tokenizer/json_fields.h"

namespace prunenet {
namespace {

using nlohmann::json;

struct FreeMalloced {
  // NOLINTNEXTLINE(cppcoreguidelines-*): utf8proc allocates by malloc
  void operator()(utf8proc_uint8_t* bytes) const { std::free(bytes); }
};

std::string unicode_form(const std::string& text, int options) {
  utf8proc_uint8_t* bytes = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &bytes, static_cast<utf8proc_option_t>(options | UTF8PROC_STABLE));
  const std::unique_ptr<utf8proc_uint8_t, FreeMalloced> owner(bytes);
  if (length < 0) {
    throw Error(ErrorKind::kOutOfSpace,
                fmt::format("normalising a text of {} bytes failed: {}", text.size(), utf8proc_errmsg(length)));
  }
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)};
}

std::optional<int> unicode_form_options(const std::string& type) {
  if (type == "NFC") return UTF8PROC_COMPOSE;
  if (type == "NFD") return UTF8PROC_DECOMPOSE;
  if (type == "NFKC") return UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
  if (type == "NFKD") return UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
  return std::nullopt;
}

std::string lowercase(const std::string& text) {
  std::string result;
  for (std::size_t position = 0; position < text.size();) {
    const Utf8Character character = character_at(text, position);
    position += character.length;
    if (character.code_point == 0x130) {  // the one character whose full lower case is two
      result += "i\u0307";
    } else {
      append_utf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character.code_point))), result);
    }
  }
  return result;
}

std::string strip(const std::string& text, bool left, bool right) {
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (left && begin < end && is_white_space(character_at(text, begin).code_point)) {
    begin += character_at(text, begin).length;
  }
  while (right && end > begin && is_white_space(character_at(text, previous_character(text, end)).code_point)) {
    end = previous_character(text, end);
  }
  return text.substr(begin, end - begin);
}

Normalizer make_normalizer_sequence(const json& components) {
  std::vector<Normalizer> parts;
  for (const json& component : components) parts.push_back(make_normalizer(component));
  return [parts = std::move(parts)](std::string text) {
    const std::size_t before = text.size();
    for (const Normalizer& part : parts) {
      text = part(std::move(text));
      check_growth(before, text.size(), kMaxSequenceGrowth);
    }
    return text;
  };
}

}  // namespace

Normalizer make_normalizer(const json& component) {
  if (component.is_null()) return [](std::string text) { return text; };
  const std::string type = component_type(component, "normalizer");
  if (const auto options = unicode_form_options(type)) {
    return [options = *options](const std::string& text) { return unicode_form(text, options); };
  }
  if (type == "Sequence") return make_normalizer_sequence(component.at("normalizers"));
  if (type == "Lowercase") return lowercase;
  if (type == "Prepend") {
    return [prefix = component.at("prepend").get<std::string>()](const std::string& text) {
      check_growth(text.size(), prefix.size() + text.size(), kMaxGrowth);
      return text.empty() ? text : prefix + text;
    };
  }
  if (type == "Replace") {
    return [find = make_finder(component.at("pattern")), content = component.at("content").get<std::string>()](
               const std::string& text) { return replace_matches(find, text, content); };
  }
  if (type == "Strip") {
    return [left = flag(component, "strip_left", true),
            right = flag(component, "strip_right", true)](const std::string& text) { return strip(text, left, right); };
  }
  throw_unsupported("normalizer", type);
}

}  // namespace prunenet
