#include "prunenet/tokenizer/special_tokens.h"

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <utility>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/json_fields.h"

namespace prunenet {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// Runs `read` on the file's object, where there is one; what is wrong with it is said with its name.
void with_json_file(const fs::path& path, const std::function<void(const json&)>& read) {
  if (!fs::exists(path)) return;
  const json content = read_json_object(path);
  try {
    read(content);
  } catch (const json::exception& error) {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: {}", path.string(), error.what()));
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", path.string(), error.what()));
  }
}

/// A token as a string, or as an object with its content; nothing where it is null.
std::optional<std::string> token_content(const json& token) {
  if (token.is_null()) return std::nullopt;
  return token.is_object() ? token.at("content").get<std::string>() : token.get<std::string>();
}

/// The first of one or several ids.
std::optional<TokenId> first_id(const json& config, const char* key) {
  if (!config.contains(key)) return std::nullopt;
  const json& value = config[key].is_array() && !config[key].empty() ? config[key][0] : config[key];
  return value.is_number_integer() ? std::optional(token_id(value, key)) : std::nullopt;
}

TokenId parse_id(const std::string& text) {
  TokenId id = -1;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), id);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size() || id < 0 || id > kMaximumTokenId) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("added_tokens_decoder has the key \"{}\", which is no id", printable(text)));
  }
  return id;
}

/// bos_token and its like; a file that was read before has the say. `seen` is which of the two it spoke of.
void read_named(const json& content, SpecialTokens& tokens, bool& bos_seen, bool& eos_seen) {
  for (const auto& [key, value] : content.items()) {
    if (!key.ends_with("_token") || value.is_boolean()) continue;
    const auto text = token_content(value);
    if (text) tokens.named.push_back(*text);
    if (key == "bos_token" && !std::exchange(bos_seen, true)) tokens.bos = text;
    if (key == "eos_token" && !std::exchange(eos_seen, true)) tokens.eos = text;
  }
}

/// What tokenizer_config.json says.
void read_tokenizer_config(const json& content, SpecialTokens& tokens, bool& bos_seen, bool& eos_seen) {
  if (content.contains("add_bos_token") && content["add_bos_token"].is_boolean()) {
    tokens.add_bos = content["add_bos_token"].get<bool>();
  }
  const json added = content.value("added_tokens_decoder", json::object());
  for (const auto& [key, value] : added.items()) {
    tokens.added.push_back(parse_added_token(value, parse_id(key)));
  }
  read_named(content, tokens, bos_seen, eos_seen);
}

}  // namespace

AddedToken parse_added_token(const json& token) {
  const auto content = token.at("content").get<std::string>();
  return parse_added_token(token, token_id(token.at("id"), fmt::format("added token \"{}\"", printable(content))));
}

AddedToken parse_added_token(const json& token, TokenId id) {
  const bool special = flag(token, "special", false);
  return {.content = token.at("content").get<std::string>(),
          .id = id,
          .special = special,
          .lstrip = flag(token, "lstrip", false),
          .rstrip = flag(token, "rstrip", false),
          .single_word = flag(token, "single_word", false),
          .normalized = flag(token, "normalized", !special)};
}

SpecialTokens special_tokens_of(const json& tokenizer_config) {
  SpecialTokens tokens;
  bool bos_seen = false;
  bool eos_seen = false;
  read_tokenizer_config(tokenizer_config, tokens, bos_seen, eos_seen);
  return tokens;
}

SpecialTokens read_special_tokens(const fs::path& directory) {
  SpecialTokens tokens;
  bool bos_seen = false;
  bool eos_seen = false;
  with_json_file(directory / "tokenizer_config.json",
                 [&](const json& content) { read_tokenizer_config(content, tokens, bos_seen, eos_seen); });
  with_json_file(directory / "special_tokens_map.json",
                 [&](const json& content) { read_named(content, tokens, bos_seen, eos_seen); });
  with_json_file(directory / "added_tokens.json", [&](const json& content) {
    for (const auto& [key, value] : content.items())
      tokens.added.push_back({.content = key, .id = token_id(value, fmt::format("token \"{}\"", printable(key)))});
  });
  with_json_file(directory / kConfigFile, [&](const json& content) {
    if (!bos_seen) tokens.bos_id = first_id(content, "bos_token_id");
    if (!eos_seen) tokens.eos_id = first_id(content, "eos_token_id");
  });
  return tokens;
}

}  // namespace prunenet
