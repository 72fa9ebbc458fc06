#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/tokenizer/added_tokens.h"

namespace prunenet {

/// What the files beside a vocabulary say of its special tokens.
struct SpecialTokens {
  std::optional<std::string> bos;  ///< from tokenizer_config.json, else special_tokens_map.json
  std::optional<std::string> eos;
  std::optional<TokenId> bos_id;  ///< from config.json, where neither file speaks of it
  std::optional<TokenId> eos_id;
  std::optional<bool> add_bos;     ///< add_bos_token, where it stands there
  std::vector<AddedToken> added;   ///< added_tokens_decoder and added_tokens.json
  std::vector<std::string> named;  ///< contents of bos_token, eos_token, unk_token, pad_token, ...
};

/// Reads tokenizer_config.json, special_tokens_map.json, added_tokens.json and config.json, each of which may be
/// missing. Throws Error(kBadInput) naming a malformed one.
[[nodiscard]] SpecialTokens read_special_tokens(const std::filesystem::path& directory);

/// What one tokenizer_config.json says alone.
[[nodiscard]] SpecialTokens special_tokens_of(const nlohmann::json& tokenizer_config);

/// An added token as tokenizer.json spells it, with its id. Throws Error(kBadInput) for an id that is none.
[[nodiscard]] AddedToken parse_added_token(const nlohmann::json& token);

/// An added token as added_tokens_decoder spells it; the id is the caller's.
[[nodiscard]] AddedToken parse_added_token(const nlohmann::json& token, TokenId id);

}  // namespace prunenet
