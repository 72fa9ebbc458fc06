// One test per way in which a tokenizer's files can be wrong.
#include <gtest/gtest.h>

#include "prunenet/tokenizer/json_fields.h"
#include "support/expect_error.h"
#include "tokenizer/fixture.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;

void expect_bad(std::initializer_list<std::string> fragments, const json& file) {
  expect_error(ErrorKind::kBadInput, fragments, [&] { (void)load_from(file); });
}

void expect_unsupported(std::initializer_list<std::string> fragments, const json& file) {
  expect_error(ErrorKind::kUnsupported, fragments, [&] { (void)load_from(file); });
}

json tiny_with(const char* key, const json& value) {
  json file = tiny_json();
  file[key] = value;
  return file;
}

json tiny_with_model(const char* key, const json& value) {
  json file = tiny_json();
  file["model"][key] = value;
  return file;
}

TEST(TokenizerError, NoTokenizer) {
  const TemporaryDirectory directory;
  expect_error(ErrorKind::kBadInput, {directory.path().string(), "tokenizer.json", "tokenizer.model"},
               [&] { (void)load_tokenizer(directory.path()); });
}

TEST(TokenizerError, MalformedJson) {
  const TemporaryDirectory directory;
  write_file(directory / "tokenizer.json", "{\"model\":\n oops");
  expect_error(ErrorKind::kBadInput, {(directory / "tokenizer.json").string()},
               [&] { (void)load_tokenizer(directory.path()); });
}

TEST(TokenizerError, EndlessNesting) {
  json component = {{"type", "NFC"}};
  for (int depth = 0; depth < 1000; ++depth) component = {{"type", "Sequence"}, {"normalizers", {component}}};
  expect_bad({"tokenizer.json"}, tiny_with("normalizer", component));
}

TEST(TokenizerError, MalformedConfig) {
  const TemporaryDirectory directory;
  write_file(directory / "tokenizer.json", tiny_json().dump());
  write_file(directory / "tokenizer_config.json", "[]");
  expect_error(ErrorKind::kBadInput, {"tokenizer_config.json", "object"},
               [&] { (void)load_tokenizer(directory.path()); });
  write_file(directory / "tokenizer_config.json", "{\"bos_token\": 7}");
  expect_error(ErrorKind::kBadInput, {"tokenizer_config.json"}, [&] { (void)load_tokenizer(directory.path()); });
  write_file(directory / "tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {\"content\": \"y\"}}}");
  expect_error(ErrorKind::kBadInput, {"added_tokens_decoder", "\"x\""},
               [&] { (void)load_tokenizer(directory.path()); });
}

TEST(TokenizerError, NotASentencePieceModel) {
  const TemporaryDirectory directory;
  write_file(directory / "tokenizer.model", "not a model");
  expect_error(ErrorKind::kBadInput, {"tokenizer.model"}, [&] { (void)load_tokenizer(directory.path()); });
}

TEST(TokenizerError, MissingFields) {
  expect_bad({"tokenizer.json", "model"}, json::object());
  expect_bad({"merges"}, {{"model", {{"type", "BPE"}, {"vocab", json::object()}}}});
  expect_bad({"tokenizer.json"}, json::array());
  expect_bad({"content"}, tiny_with("added_tokens", {{{"id", 5}}}));
  expect_bad({"pattern"}, tiny_with("pre_tokenizer", {{"type", "Split"}, {"behavior", "Isolated"}}));
}

TEST(TokenizerError, ComponentsWithoutAType) {
  for (const char* key : {"model", "normalizer", "pre_tokenizer", "decoder", "post_processor"}) {
    expect_bad({key, "type"}, tiny_with(key, json::object()));
  }
}

TEST(TokenizerError, UnknownComponents) {
  for (const char* key : {"model", "normalizer", "pre_tokenizer", "decoder", "post_processor"}) {
    expect_unsupported({key, "Mystery"}, tiny_with(key, {{"type", "Mystery"}}));
  }
}

TEST(TokenizerError, UnsupportedModels) {
  expect_unsupported({"Unigram"}, tiny_with("model", {{"type", "Unigram"}, {"vocab", json::array()}}));
  expect_unsupported({"dropout"}, tiny_with_model("dropout", 0.1));
  expect_unsupported({"continuing_subword_prefix"}, tiny_with_model("continuing_subword_prefix", "##"));
  expect_unsupported({"end_of_word_suffix"}, tiny_with_model("end_of_word_suffix", "</w>"));
}

TEST(TokenizerError, MergesThatAreNone) {
  expect_bad({"merge 0", "\"x\""}, tiny_with_model("merges", {"a x"}));
  expect_bad({"merge 1", "\"ba\""}, tiny_with_model("merges", json::array({{"a", "b"}, {"b", "a"}})));
  expect_bad({"merge 0", "expected"}, tiny_with_model("merges", {"ab"}));
  expect_bad({"merge 0", "expected"}, tiny_with_model("merges", {"a b c"}));
  expect_bad({"merge 0", "expected"}, tiny_with_model("merges", json::array({json::array({"a"})})));
  expect_bad({"merges", "array"}, tiny_with_model("merges", 7));
}

TEST(TokenizerError, IdsThatAreNone) {
  expect_bad({"\"b\"", "-1"}, tiny_with_model("vocab", {{"a", 0}, {"b", -1}}));
  expect_bad({"\"b\"", "1.5"}, tiny_with_model("vocab", {{"a", 0}, {"b", 1.5}}));
  expect_bad({"\"b\"", "1000000000000"}, tiny_with_model("vocab", {{"a", 0}, {"b", 1000000000000}}));
  expect_bad({"\"a\"", "\"b\"", "0"}, tiny_with_model("vocab", {{"a", 0}, {"b", 0}}));
  expect_bad({"vocab", "object"}, tiny_with_model("vocab", 7));
  expect_bad({"<x>", "-5"}, tiny_with("added_tokens", {{{"id", -5}, {"content", "<x>"}}}));
}

TEST(TokenizerError, UnknownTokenThatIsNone) {
  expect_bad({"<unk>"}, tiny_with_model("unk_token", "<unk>"));
}

TEST(TokenizerError, PatternsThatAreNone) {
  const auto split = [](const json& pattern) {
    return tiny_with("pre_tokenizer", {{"type", "Split"}, {"pattern", pattern}, {"behavior", "Isolated"}});
  };
  expect_bad({"pattern"}, split({{"String", ""}}));
  expect_bad({"pattern"}, split({{"Glob", "*"}}));
  expect_unsupported({"(", "cannot be compiled"}, split({{"Regex", "("}}));
}

TEST(TokenizerError, OptionsThatDoNotExist) {
  expect_bad({"Sideways"},
             tiny_with("pre_tokenizer", {{"type", "Split"}, {"pattern", {{"String", "x"}}}, {"behavior", "Sideways"}}));
  expect_bad({"sometimes"}, tiny_with("pre_tokenizer", {{"type", "Metaspace"}, {"prepend_scheme", "sometimes"}}));
  expect_bad({"replacement", "__"}, tiny_with("pre_tokenizer", {{"type", "Metaspace"}, {"replacement", "__"}}));
}

TEST(TokenizerError, PrefixOfAnUnknownToken) {
  expect_error(ErrorKind::kBadInput, {"post_processor", "77"}, [] {
    (void)load_from(tiny_with("post_processor", {{"type", "BertProcessing"}, {"sep", {"b", 1}}, {"cls", {"x", 77}}}));
  });
}

TEST(TokenizerError, IdsOfAddedTokensThatAreNone) {
  for (const json& id : {json(1.5), json(true), json("1"), json(4294967296), json(18446744073709551615U)}) {
    expect_bad({"<x>", id.dump()}, tiny_with("added_tokens", {{{"id", id}, {"content", "<x>"}}}));
  }
  const auto beside = [](const std::string& file, const json& content) {
    return [=] { (void)load_from(tiny_json(), {{file, content}}); };
  };
  expect_error(ErrorKind::kBadInput, {"added_tokens.json", "<x>", "-1"}, beside("added_tokens.json", {{"<x>", -1}}));
  expect_error(ErrorKind::kBadInput, {"tokenizer_config.json", "16777217"},
               beside("tokenizer_config.json", {{"added_tokens_decoder", {{"16777217", {{"content", "y"}}}}}}));
  expect_error(ErrorKind::kBadInput, {"config.json", "bos_token_id", "4294967297"},
               beside("config.json", {{"bos_token_id", 4294967297}}));
}

TEST(TokenizerError, ALargeIdTakesNoMemory) {
  const auto tokenizer =
      load_from(tiny_with_model("vocab", {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"abc", kMaximumTokenId}}));
  EXPECT_EQ(tokenizer->vocabulary_size(), kMaximumTokenId + 1);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("abc")), "abc");
  expect_error(ErrorKind::kInvalidArgument, {"4"}, [&] { (void)tokenizer->decode(std::vector<TokenId>{4}); });
}

/// Each step doubles what the one before has left: 30 of them would make a gigabyte of a byte.
TEST(TokenizerError, TextsThatGrowWithoutEndAreStopped) {
  json steps = json::array();
  for (int i = 0; i < 30; ++i) {
    steps.push_back({{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aa"}});
  }
  const auto refused = [](const json& file) {
    const auto tokenizer = load_from(file);
    expect_error(ErrorKind::kUnsupported, {"more than 64 times"},
                 [&] { static_cast<void>(tokenizer->decode(tokenizer->encode(std::string(1000, 'a')))); });
  };
  refused(tiny_with("normalizer", {{"type", "Sequence"}, {"normalizers", steps}}));
  refused(tiny_with("decoder", {{"type", "Sequence"}, {"decoders", steps}}));
  const json metaspace = {{"type", "Sequence"},
                          {"pretokenizers", json(30, {{"type", "ByteLevel"}, {"use_regex", false}})}};
  const auto tokenizer = load_from(tiny_with("pre_tokenizer", metaspace));
  expect_error(ErrorKind::kUnsupported, {"more than 64 times"},
               [&] { (void)tokenizer->encode(std::string(1000, '\x01')); });
}

TEST(TokenizerError, LongReplacementsAreStopped) {
  const std::string content(10'000, 'b');
  const auto with = [&](const json& normalizer) { return load_from(tiny_with("normalizer", normalizer)); };
  const auto replace = with({{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", content}});
  expect_error(ErrorKind::kUnsupported, {"more than 16 times"}, [&] { (void)replace->encode("a"); });
  const auto prepend = with({{"type", "Prepend"}, {"prepend", content}});
  expect_error(ErrorKind::kUnsupported, {"more than 16 times"}, [&] { (void)prepend->encode("a"); });
}

TEST(TokenizerError, ComponentsOfTooManyParts) {
  json parts = json::array();
  for (int i = 0; i < 300; ++i) parts.push_back({{"type", "ByteLevel"}});
  expect_unsupported({"pre_tokenizer", "301 parts", "256"},
                     tiny_with("pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", parts}}));
}

TEST(TokenizerError, DecodingAnUnknownId) {
  const auto tokenizer = load_from(tiny_json());
  for (const TokenId id : {-1, 5}) {
    expect_error(ErrorKind::kInvalidArgument, {std::to_string(id), "5"},
                 [&] { (void)tokenizer->decode(std::vector<TokenId>{id}); });
  }
}

}  // namespace
}  // namespace prunenet::testing
