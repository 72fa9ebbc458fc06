#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "tokenizer/fixture.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(SpecialTokens, AreThoseOfTokenizerConfig) {
  const auto tokenizer =
      load_from(tiny_json(), {{"tokenizer_config.json", {{"bos_token", "a"}, {"eos_token", {{"content", "b"}}}}},
                              {"special_tokens_map.json", {{"bos_token", "c"}}},
                              {"config.json", {{"bos_token_id", 2}, {"eos_token_id", 2}}}});
  EXPECT_THAT(tokenizer->bos_id(), Optional(0));
  EXPECT_THAT(tokenizer->eos_id(), Optional(1));
  EXPECT_THAT(tokenizer->default_prefix(), IsEmpty());
}

TEST(SpecialTokens, AreElseThoseOfTheMapThenOfTheModel) {
  const auto tokenizer = load_from(tiny_json(), {{"special_tokens_map.json", {{"bos_token", "c"}}},
                                                 {"config.json", {{"bos_token_id", 1}, {"eos_token_id", {4, 1}}}}});
  EXPECT_THAT(tokenizer->bos_id(), Optional(2));
  EXPECT_THAT(tokenizer->eos_id(), Optional(4));
}

TEST(SpecialTokens, NullInTokenizerConfigMeansNone) {
  const auto tokenizer = load_from(
      tiny_json(), {{"tokenizer_config.json", {{"bos_token", nullptr}}}, {"config.json", {{"bos_token_id", 1}}}});
  EXPECT_EQ(tokenizer->bos_id(), std::nullopt);
}

TEST(SpecialTokens, MayBeMissing) {
  const auto tokenizer = load_from(tiny_json());
  EXPECT_EQ(tokenizer->bos_id(), std::nullopt);
  EXPECT_EQ(tokenizer->eos_id(), std::nullopt);
  EXPECT_EQ(tokenizer->vocabulary_size(), 5);
}

TEST(SpecialTokens, AddBosTokenDecidesThePrefix) {
  json file = tiny_json();
  file["post_processor"] = {{"type", "RobertaProcessing"}, {"sep", {"b", 1}}, {"cls", {"c", 2}}};
  EXPECT_THAT(load_from(file)->default_prefix(), ElementsAre(2));
  EXPECT_THAT(
      load_from(file, {{"tokenizer_config.json", {{"bos_token", "a"}, {"add_bos_token", true}}}})->default_prefix(),
      ElementsAre(0));
  EXPECT_THAT(
      load_from(file, {{"tokenizer_config.json", {{"bos_token", "a"}, {"add_bos_token", false}}}})->default_prefix(),
      IsEmpty());
}

TEST(SpecialTokens, NamedAndDecoderTokensAreMatchedWhole) {
  json file = tiny_json();
  file["model"]["vocab"]["<eos>"] = 5;
  file["decoder"] = {{"type", "Fuse"}};
  const json config = {{"eos_token", "<eos>"},
                       {"added_tokens_decoder", {{"7", {{"content", "<x>"}, {"special", true}}}}}};
  const auto tokenizer = load_from(file, {{"tokenizer_config.json", config}, {"added_tokens.json", {{"<y>", 8}}}});
  EXPECT_THAT(tokenizer->encode("abc<eos>a<x><y>"), ElementsAre(4, 5, 0, 7, 8));
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("abc<eos>a<x><y>"), true), "abca<y>");
  EXPECT_EQ(tokenizer->vocabulary_size(), 9);
  expect_error(ErrorKind::kInvalidArgument, {"6", "9"}, [&] { (void)tokenizer->decode(std::vector<TokenId>{6}); });
}

TEST(SpecialTokens, BytesWithoutATokenAreUnknownOrDropped) {
  json file = tiny_json();
  EXPECT_THAT(load_from(file)->encode("a\xFF"), ElementsAre(0));
  file["model"]["unk_token"] = "c";
  EXPECT_THAT(load_from(file)->encode("a\xFF"), ElementsAre(0, 2));
}

}  // namespace
}  // namespace prunenet::testing
