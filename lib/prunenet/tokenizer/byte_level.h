#pragma once

#include <string>
#include <string_view>

namespace prunenet {

/// GPT-2's one-to-one map of the 256 bytes to printable characters (`bytes_to_unicode` of openai/gpt-2 src/encoder.py),
/// in which the tokens of a byte-level vocabulary are spelt: '!'..'~', U+00A1..AC and U+00AE..FF stand for themselves,
/// the others for U+0100, U+0101, ... in order.

/// Appends the characters that stand for `bytes`.
void append_byte_level(std::string_view bytes, std::string& spelling);

/// Appends the bytes that `spelling` (valid UTF-8) stands for; false, and nothing appended, where a character stands
/// for none.
[[nodiscard]] bool append_from_byte_level(std::string_view spelling, std::string& bytes);

}  // namespace prunenet
