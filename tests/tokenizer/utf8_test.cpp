#include "prunenet/tokenizer/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace prunenet::testing {
namespace {

/// "v" and "x" for every byte in a valid and an invalid run.
std::string validity(const std::string& text) {
  std::string result;
  for (const Utf8Run& run : split_valid_utf8(text)) {
    EXPECT_EQ(run.range.begin, result.size());
    result.append(run.range.end - run.range.begin, run.valid ? 'v' : 'x');
  }
  return result;
}

TEST(Utf8, FindsTheBytesThatBelongToNoCharacter) {
  EXPECT_EQ(validity(""), "");
  EXPECT_EQ(validity("a\u00e9\u3042\U0001F642"), "vvvvvvvvvv");
  EXPECT_EQ(validity("a\x80z"), "vxv") << "a stray continuation";
  EXPECT_EQ(validity("\xC3"), "x") << "cut off";
  EXPECT_EQ(validity("\xE3\x81z"), "xxv") << "cut off";
  EXPECT_EQ(validity("\xC0\xAF"), "xx") << "overlong in two bytes";
  EXPECT_EQ(validity("\xE0\x80\xAF"), "xxx") << "overlong in three";
  EXPECT_EQ(validity("\xF0\x80\x80\xAF"), "xxxx") << "overlong in four";
  EXPECT_EQ(validity("\xED\xA0\x80"), "xxx") << "a surrogate";
  EXPECT_EQ(validity("\xF4\x90\x80\x80"), "xxxx") << "above U+10FFFF";
  EXPECT_EQ(validity("\xF4\x8F\xBF\xBF"), "vvvv") << "U+10FFFF";
}

TEST(Utf8, ReadsAndWritesEveryLength) {
  for (const char32_t code_point :
       {0x00U, 0x7FU, 0x80U, 0x7FFU, 0x800U, 0xD7FFU, 0xE000U, 0xFFFFU, 0x10000U, 0x10FFFFU}) {
    std::string text = "x";
    append_utf8(code_point, text);
    EXPECT_EQ(character_at(text, 1).code_point, code_point);
    EXPECT_EQ(character_at(text, 1).length, text.size() - 1);
    EXPECT_EQ(previous_character(text, text.size()), 1U);
  }
}

TEST(Utf8, StaysInBoundsOfCutOffText) {
  for (const std::string text : {"\xC3", "\xE3\x81", "\xF0\x9F\x99"}) {
    EXPECT_EQ(character_at(text, 0).length, text.size());
  }
}

TEST(Utf8, KnowsItsClasses) {
  EXPECT_TRUE(is_white_space(0x3000) && is_white_space(0x85) && !is_white_space(0x180E) && !is_white_space(0x200B));
  EXPECT_TRUE(is_numeric('7') && is_numeric(0xBD) && is_numeric(0x2177) && is_numeric(0x663) && !is_numeric('x'));
  EXPECT_TRUE(is_word_character('_') && is_word_character(0x301) && !is_word_character('-') &&
              !is_word_character(0xBD));
  EXPECT_TRUE(is_punctuation('$') && is_punctuation(0x201C) && !is_punctuation(0x20AC) && !is_punctuation('a'));
}

}  // namespace
}  // namespace prunenet::testing
