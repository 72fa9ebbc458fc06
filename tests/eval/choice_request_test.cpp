#include "prunenet/eval/choice_request.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace prunenet {
namespace {

constexpr TokenId kBos = 1;
constexpr TokenId kEos = 2;
constexpr TokenId kMerged = 3;
/// One token a byte.
class ByteTokenizer : public Tokenizer {
 public:
  std::optional<TokenId> bos = kBos;
  std::optional<TokenId> eos = kEos;
  std::vector<TokenId> prefix;

  [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const override {
    std::vector<TokenId> ids;
    for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
    return ids;
  }
  [[nodiscard]] std::string decode(std::span<const TokenId> /*ids*/, bool /*skip_special*/) const override {
    return "";
  }
  [[nodiscard]] std::int64_t vocabulary_size() const override { return 256; }
  [[nodiscard]] std::optional<TokenId> bos_id() const override { return bos; }
  [[nodiscard]] std::optional<TokenId> eos_id() const override { return eos; }
  [[nodiscard]] std::vector<TokenId> default_prefix() const override { return prefix; }
};

/// Merges "b c" into one token, across the border of context and continuation.
class MergingTokenizer final : public ByteTokenizer {
 public:
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const override {
    std::vector<TokenId> ids;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool merged = text.substr(i, 3) == "b c";
      ids.push_back(merged ? kMerged : static_cast<unsigned char>(text[i]));
      if (merged) i += 2;
    }
    return ids;
  }
};

TokenIds bytes(const std::string& text) {
  TokenIds ids;
  for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
  return ids;
}

ChoiceRequest make(const std::string& context, const std::string& ending, const ByteTokenizer& tokenizer = {},
                   std::int64_t most = 100) {
  return ChoiceRequestMaker(tokenizer, most).make(context, ending);
}

TEST(ChoiceRequest, JoinsContextAndEndingByASpaceThatIsScored) {
  const ChoiceRequest request = make("Who?", "me");
  EXPECT_EQ(request.ids, bytes("Who? me"));
  EXPECT_EQ(request.continuation, 3U);
}

TEST(ChoiceRequest, WhiteSpaceAtTheContextsEndIsScoredToo) {
  EXPECT_EQ(make("a \t\n", "b").continuation, 5U);
  // No-break space, ideographic space and line separator: two, three and three bytes, white space to Python.
  EXPECT_EQ(make("a\u00a0", "b").continuation, 4U);
  EXPECT_EQ(make("a\u3000\u2028", "b").continuation, 8U);
  // Zero-width space is none.
  EXPECT_EQ(make("a\u200b", "b").continuation, 2U);
  EXPECT_EQ(make(" a", "b").ids, bytes(" a b"));
}

TEST(ChoiceRequest, SpecialTokensStandBeforeContextAndWhole) {
  ByteTokenizer tokenizer;
  tokenizer.prefix = {kBos};
  const ChoiceRequest request = make("a", "b", tokenizer);
  EXPECT_EQ(request.ids, (TokenIds{kBos, 'a', ' ', 'b'}));
  EXPECT_EQ(request.continuation, 2U);
}

TEST(ChoiceRequest, AnEmptyContextIsBosElseEos) {
  ByteTokenizer tokenizer;
  tokenizer.prefix = {kBos};
  EXPECT_EQ(make("", "b", tokenizer).ids, (TokenIds{kBos, ' ', 'b'}));
  EXPECT_EQ(make("  ", "b").ids, (TokenIds{kBos, ' ', ' ', ' ', 'b'}));
  tokenizer.bos.reset();
  EXPECT_EQ(make("", "b", tokenizer).ids, (TokenIds{kEos, ' ', 'b'}));
  EXPECT_EQ(make("", "b", tokenizer).continuation, 2U);
  tokenizer.eos.reset();
  testing::expect_error(ErrorKind::kUnsupported, {"BOS", "EOS"}, [&] { (void)make("", "b", tokenizer); });
}

TEST(ChoiceRequest, KeepsTheContextsOwnTokensWhereTheWholeMergesAcrossTheBorder) {
  // The whole is a, "b c", d: after as many tokens as "ab" has, only d is left, behind the tokens of "ab".
  const MergingTokenizer tokenizer;
  const ChoiceRequest request = make("ab", "cd", tokenizer);
  EXPECT_EQ(request.ids, bytes("abd"));
  EXPECT_EQ(request.continuation, 1U);
  EXPECT_EQ(make("ab", "c", tokenizer).continuation, 0U);
}

TEST(ChoiceRequest, TooLongAContextLosesItsLeftEnd) {
  const ChoiceRequest request = make("0123456789", "ab", {}, 6);
  EXPECT_EQ(request.ids, bytes("6789 ab"));
  EXPECT_EQ(request.continuation, 3U);
  EXPECT_EQ(make("0", "abcdefgh", {}, 4).ids, bytes("defgh"));
  EXPECT_EQ(make("0", "abcdefgh", {}, 4).continuation, 4U);
}

}  // namespace
}  // namespace prunenet
