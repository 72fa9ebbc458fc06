#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prunenet/tokenizer/gguf_vocabulary.h"
#include "support/expect_error.h"
#include "tokenizer/fixture.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// The vocabulary of byte_level.json as GPT-2 and OPT keep theirs.
class VocabAndMerges : public ::testing::Test {
 protected:
  VocabAndMerges() {
    const json model = read_fixture("byte_level.json")["model"];
    json vocabulary = model["vocab"];
    for (const char* token : {"<|im_start|>", "<|im_end|>", "<s>", "</s>"}) {
      const std::size_t id = vocabulary.size();
      vocabulary[token] = id;
    }
    write_file(directory_ / "vocab.json", vocabulary.dump());
    std::string merges = "#version: 0.2\n";
    for (const json& merge : model["merges"]) {
      merges += merge[0].get<std::string>() + " " + merge[1].get<std::string>() + "\n";
    }
    write_file(directory_ / "merges.txt", merges);
  }
  void configure(const json& config) const { write_file(directory_ / "tokenizer_config.json", config.dump()); }

  TemporaryDirectory directory_;
};

TEST_F(VocabAndMerges, GiveTheIdsOfTheReference) {
  configure({{"bos_token", "<s>"},
             {"eos_token", "</s>"},
             {"unk_token", {{"content", "<|im_start|>"}}},
             {"pad_token", "<|im_end|>"}});
  const auto tokenizer = load_tokenizer(directory_.path());
  const json goldens = read_fixture("goldens.json");
  int compared = 0;
  for (const json& variant : goldens["variants"]) {
    if (variant["name"] != "gpt2") continue;
    for (std::size_t i = 0; i < goldens["texts"].size(); ++i) {
      const json& own = variant["cases"][i];
      const json& ids = own.contains("ids") ? own["ids"] : goldens["variants"][0]["cases"][i]["ids"];
      EXPECT_EQ(json(tokenizer->encode(goldens["texts"][i].get<std::string>())), ids) << goldens["texts"][i];
      ++compared;
    }
  }
  EXPECT_GT(compared, 40);
  EXPECT_THAT(tokenizer->default_prefix(), IsEmpty());
}

TEST_F(VocabAndMerges, TheConfigSaysWhatStandsBeforeATextAndASpace) {
  configure({{"bos_token", "</s>"}, {"eos_token", "</s>"}, {"add_bos_token", true}, {"add_prefix_space", true}});
  const auto tokenizer = load_tokenizer(directory_.path());
  EXPECT_THAT(tokenizer->default_prefix(), ElementsAre(*tokenizer->bos_id()));
  const std::vector<TokenId> spaced = tokenizer->encode(" Alice");
  EXPECT_EQ(tokenizer->encode("Alice"), spaced);
  configure({{"bos_token", "</s>"}});
  EXPECT_NE(load_tokenizer(directory_.path())->encode("Alice"), spaced);
}

TEST_F(VocabAndMerges, BecomeAGgufVocabulary) {
  configure({{"bos_token", "</s>"}, {"eos_token", "</s>"}, {"add_bos_token", true}});
  const auto before = load_tokenizer(directory_.path());
  const GgufVocabulary vocabulary = vocabulary_from_directory(directory_.path(), before->vocabulary_size());
  EXPECT_EQ(vocabulary.model, "gpt2");
  EXPECT_EQ(vocabulary.pre, "gpt-2");
  EXPECT_EQ(vocabulary.bos_id, before->bos_id());
  EXPECT_EQ(vocabulary.add_bos, true);
  EXPECT_EQ(vocabulary.merges.size(), read_fixture("byte_level.json")["model"]["merges"].size());
  EXPECT_EQ(vocabulary.tokens.back(), "</s>");
}

TEST_F(VocabAndMerges, WhatIsMalformedIsSaid) {
  write_file(directory_ / "merges.txt", "#version: 0.2\nqq zz\n");
  expect_error(ErrorKind::kBadInput, {"vocab.json", "qq"}, [&] { (void)load_tokenizer(directory_.path()); });
  write_file(directory_ / "vocab.json", "[]");
  expect_error(ErrorKind::kBadInput, {"vocab.json"}, [&] { (void)load_tokenizer(directory_.path()); });
  std::filesystem::remove(directory_ / "merges.txt");
  expect_error(ErrorKind::kBadInput, {"tokenizer.json", "tokenizer.model", "merges.txt"},
               [&] { (void)load_tokenizer(directory_.path()); });
}

TEST_F(VocabAndMerges, FlagsThatAreNoneAreSaid) {
  configure({{"add_prefix_space", 1}});
  expect_error(ErrorKind::kBadInput, {"tokenizer_config.json", "add_prefix_space", "neither true nor false"},
               [&] { (void)load_tokenizer(directory_.path()); });
}

TEST_F(VocabAndMerges, OtherFieldsOfTheConfigMayBeAnything) {
  configure({{"chat_template", {{{"name", 1}, {"template", 2}}, {{"name", "default"}, {"template", 3}}}},
             {"pad_token", {{"content", nullptr}}},
             {"bos_token", "<s>"}});
  expect_error(ErrorKind::kBadInput, {"tokenizer_config.json"}, [&] { (void)load_tokenizer(directory_.path()); });
  configure({{"chat_template", {{{"name", 1}, {"template", 2}}, {{"name", "default"}, {"template", 3}}}}});
  EXPECT_EQ(vocabulary_from_directory(directory_.path(), 2000).chat_template, "");
}

}  // namespace
}  // namespace prunenet::testing
