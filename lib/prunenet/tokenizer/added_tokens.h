#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "prunenet/tokenizer/tokenizer.h"
#include "prunenet/tokenizer/utf8.h"

namespace prunenet {

/// A token that is recognised as a whole before text is split, whatever the merges say.
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool special = false;      ///< left out of decoded text on request
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< takes the white space behind it
  bool single_word = false;  ///< only where no word character touches it
  bool normalized = false;   ///< looked for in normalised text, in its own normalised form
};

/// Splits text at added tokens: at every place the longest, from left to right.
class AddedTokenMatcher {
 public:
  /// A stretch of text that is one added token, or none.
  struct Part {
    TextRange range;
    const AddedToken* token = nullptr;
  };

  /// `spelling` is what is looked for; the first of two tokens with one spelling wins. Empty spellings never match.
  void add(const AddedToken& token, const std::string& spelling);

  /// Parts that cover `text` (valid UTF-8), none empty. They point into this matcher.
  [[nodiscard]] std::vector<Part> split(std::string_view text) const;

 private:
  struct Match {
    std::size_t end = 0;
    const AddedToken* token = nullptr;
  };
  [[nodiscard]] std::optional<Match> longest_at(std::string_view text, std::size_t position) const;

  /// A trie over bytes: the edge of (node, byte) is found under node * 256 + byte; node 0 is the root.
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;
  std::unordered_map<std::uint32_t, AddedToken> ends_;
  std::vector<bool> first_bytes_ = std::vector<bool>(256, false);
  std::uint32_t nodes_ = 1;
};

}  // namespace prunenet
