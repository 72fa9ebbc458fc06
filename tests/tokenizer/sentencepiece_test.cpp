#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "tokenizer/fixture.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::Optional;

std::string model_directory() {
  return std::string(PRUNENET_TEST_DATA) + "/tokenizer/sentencepiece";
}

TEST(SentencePiece, EncodesAndDecodesAsTheReference) {
  const auto tokenizer = load_tokenizer(model_directory());
  const json goldens = read_fixture("sentencepiece.json");
  EXPECT_EQ(json(tokenizer->vocabulary_size()), goldens["size"]);
  for (const json& expected : goldens["cases"]) {
    EXPECT_EQ(json(tokenizer->encode(expected["text"].get<std::string>())), expected["ids"]) << expected["text"];
    EXPECT_EQ(json(tokenizer->decode(expected["ids"].get<std::vector<TokenId>>())), expected["decoded"]);
  }
}

TEST(SentencePiece, RecognisesItsControlSymbolsAndAddedTokens) {
  const TemporaryDirectory directory;
  std::filesystem::copy(model_directory(), directory.path(), std::filesystem::copy_options::recursive);
  write_file(directory / "tokenizer_config.json",
             R"({"add_bos_token": true, "bos_token": "<s>", "eos_token": "<end>",
                 "added_tokens_decoder": {"900": {"content": "<end>", "special": true}}})");
  const auto tokenizer = load_tokenizer(directory.path());
  EXPECT_EQ(tokenizer->vocabulary_size(), 901);
  EXPECT_THAT(tokenizer->bos_id(), Optional(1));
  EXPECT_THAT(tokenizer->eos_id(), Optional(900));
  EXPECT_THAT(tokenizer->default_prefix(), ElementsAre(1));
  std::vector<TokenId> expected = {1};
  for (const TokenId id : tokenizer->encode("Alice")) expected.push_back(id);
  expected.push_back(900);
  EXPECT_EQ(tokenizer->encode("<s>Alice<end>"), expected);
  EXPECT_EQ(tokenizer->decode(expected), "<s>Alice<end>");
  EXPECT_EQ(tokenizer->decode(expected, true), "Alice");
}

TEST(SentencePiece, HasItsOwnBosAndEos) {
  const auto tokenizer = load_tokenizer(model_directory());
  EXPECT_THAT(tokenizer->bos_id(), Optional(1));
  EXPECT_THAT(tokenizer->eos_id(), Optional(2));
  EXPECT_TRUE(tokenizer->default_prefix().empty());
}

TEST(SentencePiece, EncodesAnyBytes) {
  const auto tokenizer = load_tokenizer(model_directory());
  EXPECT_FALSE(tokenizer->encode("a\xFF\xC3z").empty());
}

TEST(SentencePiece, RefusesUnknownIds) {
  const auto tokenizer = load_tokenizer(model_directory());
  for (const TokenId id : {-1, static_cast<TokenId>(tokenizer->vocabulary_size())}) {
    expect_error(ErrorKind::kInvalidArgument, {std::to_string(id)},
                 [&] { (void)tokenizer->decode(std::vector<TokenId>{id}); });
  }
}

TEST(SentencePiece, RefusesIdsThatAreNone) {
  const TemporaryDirectory directory;
  std::filesystem::copy(model_directory(), directory.path(), std::filesystem::copy_options::recursive);
  write_file(directory / "tokenizer_config.json",
             R"({"added_tokens_decoder": {"2147483647": {"content": "<end>"}}})");  // one more overflows
  expect_error(ErrorKind::kBadInput, {"added_tokens_decoder", "2147483647"},
               [&] { (void)load_tokenizer(directory.path()); });
}

/// One piece, <unk>, and whatever else is given, in front of it.
std::string model_with(const std::string& fields) {
  return fields + std::string("\x0a\x0e\x0a\x05<unk>\x15\0\0\0\0\x18\x02", 16);
}

TEST(SentencePiece, WhatTheLibraryWouldDieOfIsRefused) {
  const TemporaryDirectory directory;
  const auto expect_refused = [&](const std::string& model, std::initializer_list<std::string> fragments) {
    write_file(directory / "tokenizer.model", model);
    expect_error(ErrorKind::kBadInput, fragments, [&] { (void)load_tokenizer(directory.path()); });
  };
  expect_refused(model_with(std::string("\x0a\x05\x0a\x03x\0y", 7)), {"piece 0", "null character"});
  expect_refused(model_with("\x0a\x03\x0a\x01x") + std::string("\x0a\x03\x0a\x01\0", 5), {"piece 2", "null character"});
}

TEST(SentencePiece, WhatIsNoMessageIsRefused) {
  const TemporaryDirectory directory;
  const auto expect_refused = [&](const std::string& model, const std::string& why) {
    write_file(directory / "tokenizer.model", model);
    expect_error(ErrorKind::kBadInput, {"tokenizer.model", "no protobuf message", why},
                 [&] { (void)load_tokenizer(directory.path()); });
  };
  expect_refused(model_with("\x0b"), "wire type 3");
  expect_refused("\x0a\x05xyz", "5 bytes wanted where 3 are left");
  expect_refused("\x0a", "1 bytes wanted where 0 are left");
  expect_refused("\x09xyz", "8 bytes wanted where 3 are left");
  expect_refused("\x0dxyz", "4 bytes wanted where 3 are left");
  expect_refused("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "more than 64 bits");
}

}  // namespace
}  // namespace prunenet::testing
