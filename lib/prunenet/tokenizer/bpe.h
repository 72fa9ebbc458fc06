#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

/// Lets maps keyed by strings be asked by views.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

template <typename Value>
using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

/// Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909) of one piece of text after the other: its characters are
/// merged pair by pair, always the pair that was learnt first, the leftmost of several.
///
/// Characters outside the vocabulary become their bytes' tokens "<0x4F>" with `byte_fallback`, else `unk`, else
/// nothing. Immutable and thread-safe; see BpeEncoder.
class BpeModel {
 public:
  /// The "model" of a tokenizer.json. Throws Error(kUnsupported) for another type than BPE, dropout and sub-word
  /// affixes, Error(kBadInput) for merges whose parts or result are no tokens and for ids that are not.
  explicit BpeModel(const nlohmann::json& model);

  [[nodiscard]] std::optional<TokenId> id_of(std::string_view token) const;
  /// Tokens by id.
  [[nodiscard]] const std::unordered_map<TokenId, std::string>& tokens() const { return tokens_; }
  [[nodiscard]] std::optional<TokenId> unk_id() const { return unk_; }

  /// Appends the ids of one piece (valid UTF-8, as the pre-tokenizer spells it).
  void encode(std::string_view piece, std::vector<TokenId>& ids) const;

 private:
  struct Merge {
    std::uint32_t rank = 0;
    TokenId id = 0;
  };
  void read_vocabulary(const nlohmann::json& vocabulary);
  void read_merges(const nlohmann::json& merges);
  void add_merge(std::uint32_t rank, std::string_view left, std::string_view right);
  [[nodiscard]] const Merge* merge_of(TokenId left, TokenId right) const;
  [[nodiscard]] std::vector<TokenId> initial_symbols(std::string_view piece) const;
  bool append_byte_tokens(std::string_view character, std::vector<TokenId>& symbols) const;
  void merge_all(const std::vector<TokenId>& symbols, std::vector<TokenId>& ids) const;

  StringMap<TokenId> vocabulary_;
  std::unordered_map<TokenId, std::string> tokens_;
  std::unordered_map<std::uint64_t, Merge> merges_;  ///< by left id * 2^32 + right id
  std::optional<TokenId> unk_;
  bool fuse_unk_ = false;
  bool byte_fallback_ = false;
  bool ignore_merges_ = false;  ///< a piece that is a token is that token, whether or not merges reach it
};

/// One text's way through a model: pieces that come again (most words do) are looked up.
class BpeEncoder {
 public:
  explicit BpeEncoder(const BpeModel& model) : model_(model) {}
  void encode(std::string_view piece, std::vector<TokenId>& ids);

 private:
  const BpeModel& model_;
  StringMap<std::vector<TokenId>> seen_;
};

}  // namespace prunenet
