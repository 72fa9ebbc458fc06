#include "prunenet/tokenizer/regex.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace prunenet::testing {
namespace {

std::vector<std::string> matches(const std::string& pattern, const std::string& text) {
  std::vector<TextRange> ranges;
  Regex(pattern).find_all(text, ranges);
  std::vector<std::string> result;
  for (const TextRange& range : ranges) result.push_back(text.substr(range.begin, range.end - range.begin));
  return result;
}

using Strings = std::vector<std::string>;

TEST(Regex, WhiteSpaceIsUnicodes) {
  EXPECT_EQ(matches(R"(\s)", "a\u0085\u180e\u3000\u200b \v"), (Strings{"\u0085", "\u3000", " ", "\v"}));
  EXPECT_EQ(matches(R"([^\S ]+)", "a \t\u2028b"), (Strings{"\t\u2028"}));
}

TEST(Regex, WordsHaveMarksAndConnectors) {
  EXPECT_EQ(matches(R"(\w+)", "e\u0301_\u203f x\u00bd"), (Strings{"e\u0301_\u203f", "x\u00bd"}));
  EXPECT_EQ(matches(R"([\w-]+)", "a-b c"), (Strings{"a-b", "c"}));
  EXPECT_EQ(matches(R"(\W)", "a-\u0301b!"), (Strings{"-", "!"}));
}

TEST(Regex, AnchorsAreThoseOfLines) {
  EXPECT_EQ(matches("^a$", "a\na\r\na"), (Strings{"a", "a"}));
}

TEST(Regex, PossessiveQuantifiersDoNotGiveBack) {
  EXPECT_EQ(matches("a++a", "aaa"), Strings{});
  EXPECT_EQ(matches("a?+b", "aab"), (Strings{"ab"}));
  EXPECT_EQ(matches("a{1,2}+a", "aaaaa"), (Strings{"aaaaa"})) << "repeats the interval, as in Ruby";
  EXPECT_EQ(matches("(?:x|[ab]){2}+y", "abababy"), (Strings{"abababy"}));
}

TEST(Regex, AClassInsideAClassIsAUnion) {
  EXPECT_EQ(matches("[^x[ab]]+", "abxyzab"), (Strings{"yz"}));
  EXPECT_EQ(matches("[[:digit:]b]+", "ab1[:c"), (Strings{"b1"}));
}

TEST(Regex, ScriptsAreNotScriptExtensions) {
  EXPECT_EQ(matches(R"(\p{Han}+)", "\u4e2d\u3001\u6587"), (Strings{"\u4e2d", "\u6587"}))
      << "U+3001 has Han as extension";
  EXPECT_EQ(matches(R"(\P{Han}+)", "\u4e2d\u3001\u6587"), (Strings{"\u3001"}));
  EXPECT_EQ(matches(R"(\p{^Lu}+)", "aBc"), (Strings{"a", "c"}));
}

TEST(Regex, EscapesOfCodePoints) {
  EXPECT_EQ(matches(R"(\u3042|\x{1F642})", "a\u3042\U0001F642"), (Strings{"\u3042", "\U0001F642"}));
  EXPECT_EQ(matches(R"(\h+)", "xyzAF09"), (Strings{"AF09"}));
  EXPECT_EQ(matches(R"([\h]+)", "xyzAF09"), (Strings{"AF09"}));
}

TEST(Regex, EmptyMatchesStandOnceAndNotBehindAnother) {
  std::vector<TextRange> ranges;
  Regex("x*").find_all("\u00e9xx", ranges);
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_TRUE(ranges[0].empty() && ranges[0].begin == 0);
  EXPECT_TRUE(ranges[1].begin == 2 && ranges[1].end == 4);
}

TEST(Regex, LongSubjectsOutliveTheMachineStack) {
  const std::string text(300'000, 'a');  // a frame for each character, in case it must be given back
  EXPECT_EQ(matches("(?:a|b(c))+", text), Strings{text});
}

TEST(Regex, RefusesWhatItCannotTranslate) {
  expect_error(ErrorKind::kUnsupported, {"a(b", "cannot be compiled"}, [] { Regex("a(b"); });
  expect_error(ErrorKind::kUnsupported, {"intersection"}, [] { Regex("[a-z&&[aeiou]]"); });
  expect_error(ErrorKind::kUnsupported, {"negated class"}, [] { Regex("[a[^b]]"); });
  expect_error(ErrorKind::kUnsupported, {"\\W"}, [] { Regex(R"([\W])"); });
  expect_error(ErrorKind::kUnsupported, {"\\H"}, [] { Regex(R"(\H)"); });
  expect_error(ErrorKind::kUnsupported, {"hexadecimal"}, [] { Regex(R"(\u12)"); });
}

TEST(Regex, PatternsThatDoNotEndAreStopped) {
  const std::string text(100, 'a');
  expect_error(ErrorKind::kUnsupported, {"(a|a)*[bc]", "limit"}, [&] { (void)matches("(a|a)*[bc]", text); });
  expect_error(ErrorKind::kUnsupported, {"limit"}, [&] { (void)matches("(?:a+)+[bc]", text); });
}

TEST(Regex, LongPatternsAreRefused) {
  expect_error(ErrorKind::kUnsupported, {"65537 bytes", "65536"}, [] { Regex(std::string(65'537, 'a')); });
}

TEST(Regex, NothingMatchesHalfACharacter) {
  expect_error(ErrorKind::kUnsupported, {"\\C"}, [] { Regex(R"(\C)"); });
}

}  // namespace
}  // namespace prunenet::testing
