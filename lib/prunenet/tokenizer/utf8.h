#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace prunenet {

/// Bytes [begin, end) of a text.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] bool empty() const { return begin == end; }
};

/// A stretch of a text that is UTF-8 throughout, or in which no byte belongs to a valid character.
struct Utf8Run {
  TextRange range;
  bool valid = true;
};

/// The whole text as alternating runs, in order; one run for valid text, none for an empty one.
[[nodiscard]] std::vector<Utf8Run> split_valid_utf8(std::string_view text);

struct Utf8Character {
  char32_t code_point = 0;
  std::size_t length = 1;  ///< bytes
};

/// The character that starts at `position` < size of valid UTF-8; of other text, some character within its bounds.
[[nodiscard]] Utf8Character character_at(std::string_view text, std::size_t position);

/// Where the character that ends at `position` > 0 of valid UTF-8 starts.
[[nodiscard]] std::size_t previous_character(std::string_view text, std::size_t position);

void append_utf8(char32_t code_point, std::string& text);

/// Unicode White_Space, which is also Rust's `char::is_whitespace`.
[[nodiscard]] bool is_white_space(char32_t code_point);
/// General category N (Nd, Nl, No): Rust's `char::is_numeric`.
[[nodiscard]] bool is_numeric(char32_t code_point);
/// Alphabetic, mark, decimal digit, connector or joiner: `\w` of Rust's regular expressions (UTS #18, annex C).
[[nodiscard]] bool is_word_character(char32_t code_point);
/// General category P, or punctuation of ASCII (which has also the symbols $+<=>^`|~).
[[nodiscard]] bool is_punctuation(char32_t code_point);

}  // namespace prunenet
