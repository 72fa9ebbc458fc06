// Properties over generated texts, beside the fixed ones of golden_test.cpp.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "prunenet/tokenizer/bpe.h"
#include "prunenet/tokenizer/utf8.h"
#include "tokenizer/fixture.h"

namespace prunenet::testing {
namespace {

/// Valid UTF-8 with characters of every length, and many of those that pre-tokenizers look at.
rc::Gen<std::string> valid_text() {
  const auto code_point =
      rc::gen::oneOf(rc::gen::inRange<char32_t>(0, 0x80), rc::gen::inRange<char32_t>(0x80, 0x800),
                     rc::gen::inRange<char32_t>(0x800, 0xD800), rc::gen::inRange<char32_t>(0xE000, 0x110000),
                     rc::gen::element<char32_t>(' ', '\n', '\r', '\t', '\'', '1', 's', 0xA0, 0x301, 0x3000));
  return rc::gen::map(rc::gen::container<std::vector<char32_t>>(code_point), [](const std::vector<char32_t>& points) {
    std::string text;
    for (const char32_t point : points) append_utf8(point, text);
    return text;
  });
}

const Tokenizer& byte_level() {
  static const auto tokenizer = load_from(byte_level_json());
  return *tokenizer;
}

const Tokenizer& byte_fallback() {
  static const auto tokenizer = [] {
    nlohmann::json file = read_fixture("metaspace.json");
    file["model"].update({{"unk_token", "<unk>"}, {"byte_fallback", true}, {"fuse_unk", true}});
    return load_from(file);
  }();
  return *tokenizer;
}

RC_GTEST_PROP(ByteLevelBpe, DecodesToWhatWasEncoded, ()) {
  const std::string text = *valid_text();
  RC_ASSERT(byte_level().decode(byte_level().encode(text)) == text);
}

RC_GTEST_PROP(ByteLevelBpe, KeepsBytesThatAreNotUtf8, ()) {
  const auto text = *rc::gen::arbitrary<std::string>();
  RC_ASSERT(byte_level().decode(byte_level().encode(text)) == text);
}

RC_GTEST_PROP(ByteLevelBpe, TextOfIdsIsThatOfTheirPartsInTurn, ()) {
  const auto ids = byte_level().encode(*valid_text());
  const auto cut = *rc::gen::inRange<std::size_t>(0, ids.size() + 1);
  const std::span<const TokenId> all(ids);
  RC_ASSERT(byte_level().decode(all.first(cut)) + byte_level().decode(all.subspan(cut)) == byte_level().decode(all));
}

RC_GTEST_PROP(ByteFallbackBpe, EncodesAnyBytes, ()) {
  const auto text = *rc::gen::arbitrary<std::string>();
  for (const TokenId id : byte_fallback().encode(text)) RC_ASSERT(id >= 0 && id < byte_fallback().vocabulary_size());
}

/// The definition, in quadratic time: of all pairs that have a merge, the first learnt, leftmost, again and again.
std::vector<std::string> slow_bpe(std::vector<std::string> symbols,
                                  const std::map<std::pair<std::string, std::string>, int>& ranks) {
  for (;;) {
    std::size_t best = symbols.size();
    int best_rank = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = ranks.find({symbols[i], symbols[i + 1]});
      if (found == ranks.end() || (best < symbols.size() && found->second >= best_rank)) continue;
      best = i;
      best_rank = found->second;
    }
    if (best == symbols.size()) return symbols;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

RC_GTEST_PROP(BpeModel, MergesAsTheDefinitionSays, ()) {
  // A random model over a, b, c: each merge joins two tokens that are already there.
  std::vector<std::string> tokens = {"a", "b", "c"};
  std::map<std::pair<std::string, std::string>, int> ranks;
  nlohmann::json merges = nlohmann::json::array();
  const int wanted = *rc::gen::inRange(0, 25);
  for (int i = 0; i < wanted; ++i) {
    const std::string left = *rc::gen::elementOf(tokens);
    const std::string right = *rc::gen::elementOf(tokens);
    if (std::find(tokens.begin(), tokens.end(), left + right) != tokens.end()) continue;
    ranks.emplace(std::pair(left, right), static_cast<int>(ranks.size()));
    merges.push_back({left, right});
    tokens.push_back(left + right);
  }
  nlohmann::json vocabulary;
  for (std::size_t id = 0; id < tokens.size(); ++id) vocabulary[tokens[id]] = id;
  const BpeModel model({{"type", "BPE"}, {"vocab", vocabulary}, {"merges", merges}});

  const auto text = *rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c'));
  std::vector<std::string> symbols;
  for (const char c : text) symbols.emplace_back(1, c);
  std::vector<TokenId> ids;
  model.encode(text, ids);
  std::vector<std::string> encoded;
  for (const TokenId id : ids) encoded.push_back(tokens[static_cast<std::size_t>(id)]);
  RC_ASSERT(encoded == slow_bpe(symbols, ranks));
}

TEST(ByteLevelBpe, EncodesALongPieceInLinearithmicTime) {
  const std::string text(2'000'000, 'e');  // quadratic merging would take hours
  EXPECT_EQ(byte_level().decode(byte_level().encode(text)), text);
}

}  // namespace
}  // namespace prunenet::testing
