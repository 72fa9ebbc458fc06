#include "prunenet/tokenizer/decoder.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "prunenet/tokenizer/byte_level.h"
#include "prunenet/tokenizer/json_fields.h"

namespace prunenet {
namespace {

using nlohmann::json;
using Tokens = std::vector<std::string>;

std::size_t size_of(const Tokens& tokens) {
  std::size_t size = 0;
  for (const std::string& token : tokens) size += token.size();
  return size;
}

void join(Tokens& tokens, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) text += separator;
    text += tokens[i];
  }
  tokens.assign(1, text);
}

void decode_byte_level(Tokens& tokens) {
  std::string text;
  for (const std::string& token : tokens) {
    if (!append_from_byte_level(token, text)) text += token;
  }
  tokens.assign(1, text);
}

/// The byte of "<0x4F>".
std::optional<char> fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  unsigned char byte = 0;
  const char* end = token.data() + 5;
  if (const auto result = std::from_chars(token.data() + 3, end, byte, 16); result.ptr != end) return std::nullopt;
  return static_cast<char>(byte);
}

/// A run of byte tokens becomes one token, which the decoders behind see as one.
void decode_byte_fallback(Tokens& tokens) {
  Tokens result;
  bool in_bytes = false;
  for (std::string& token : tokens) {
    const auto byte = fallback_byte(token);
    if (!byte) {
      result.push_back(std::move(token));
    } else if (in_bytes) {
      result.back().push_back(*byte);
    } else {
      result.emplace_back(1, *byte);
    }
    in_bytes = byte.has_value();
  }
  tokens = std::move(result);
}

Decoder make_metaspace_decoder(const json& component) {
  const std::string mark = character(component, "replacement", "\u2581");
  const bool drop_first =
      flag(component, "add_prefix_space", true) && component.value("prepend_scheme", "always") != "never";
  return [find = make_finder({{"String", mark}}), drop_first](Tokens& tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = replace_matches(find, tokens[i], i == 0 && drop_first ? "" : " ");
    }
  };
}

Decoder make_replace(const json& component) {
  return [find = make_finder(component.at("pattern")),
          content = component.at("content").get<std::string>()](Tokens& tokens) {
    for (std::string& token : tokens) {
      std::string replaced;  // a run of byte tokens need not be UTF-8, which patterns are not made for
      for (const auto& [range, valid] : split_valid_utf8(token)) {
        const std::string_view run = std::string_view(token).substr(range.begin, range.end - range.begin);
        replaced += valid ? replace_matches(find, run, content) : std::string(run);
      }
      token = std::move(replaced);
    }
  };
}

Decoder make_strip(const json& component) {
  return [content = character(component, "content", " "), start = component.at("start").get<std::size_t>(),
          stop = component.at("stop").get<std::size_t>()](Tokens& tokens) {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (std::size_t i = 0; i < start && rest.starts_with(content); ++i) rest.remove_prefix(content.size());
      for (std::size_t i = 0; i < stop && rest.ends_with(content); ++i) rest.remove_suffix(content.size());
      token = std::string(rest);
    }
  };
}

Decoder make_decoder_sequence(const json& components) {
  std::vector<Decoder> parts;
  for (const json& component : components) parts.push_back(make_decoder(component));
  return [parts = std::move(parts)](Tokens& tokens) {
    const std::size_t before = size_of(tokens);
    for (const Decoder& part : parts) {
      part(tokens);
      check_growth(before, size_of(tokens), kMaxSequenceGrowth);
    }
  };
}

}  // namespace

Decoder make_decoder(const json& component) {
  if (component.is_null()) return [](Tokens& tokens) { join(tokens, " "); };
  const std::string type = component_type(component, "decoder");
  if (type == "Sequence") return make_decoder_sequence(component.at("decoders"));
  if (type == "ByteLevel") return decode_byte_level;
  if (type == "ByteFallback") return decode_byte_fallback;
  if (type == "Fuse") return [](Tokens& tokens) { join(tokens, ""); };
  if (type == "Metaspace") return make_metaspace_decoder(component);
  if (type == "Replace") return make_replace(component);
  if (type == "Strip") return make_strip(component);
  throw_unsupported("decoder", type);
}

}  // namespace prunenet
