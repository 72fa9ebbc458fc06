// A tokenizer's files to a GGUF vocabulary and back: the ids of every text stay what they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/gguf_writer.h"
#include "prunenet/tokenizer/gguf_vocabulary.h"
#include "support/expect_error.h"
#include "tokenizer/fixture.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;

std::vector<std::string> golden_texts() {
  std::vector<std::string> texts;
  const json goldens = read_fixture("goldens.json");
  for (const json& text : goldens["texts"]) {
    if (text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

/// The tokenizer.json of a golden variant.
json variant_file(const std::string& name) {
  const json goldens = read_fixture("goldens.json");
  for (const json& variant : goldens["variants"]) {
    if (variant["name"] != name) continue;
    json file = read_fixture(variant["base"].get<std::string>() + ".json");
    const json& parts = variant["parts"];
    for (const auto& [key, value] : parts.items()) {
      if (key == "model") {
        file["model"].merge_patch(value);
      } else {
        file[key] = value;
      }
    }
    return file;
  }
  throw std::logic_error("no such variant");
}

/// By way of a file: writes the vocabulary as GGUF, reads it again and loads the tokenizer from there.
std::unique_ptr<Tokenizer> through_gguf(const GgufVocabulary& vocabulary, const TemporaryDirectory& directory) {
  GgufPairs pairs = to_gguf(vocabulary);
  GgufWriter(directory / "v.gguf", GgufLayout(pairs, {})).finish();
  return load_tokenizer(directory / "v.gguf");
}

struct Case {
  std::string variant;
  std::string pre;
};

void PrintTo(const Case& variant, std::ostream* out) {
  *out << variant.variant;  // and not its bytes, of which some are padding
}

class VocabularyThroughGguf : public ::testing::TestWithParam<Case> {};

TEST_P(VocabularyThroughGguf, IdsStay) {
  const TemporaryDirectory directory;
  write_file(directory / "tokenizer.json", variant_file(GetParam().variant).dump());
  const auto before = load_tokenizer(directory.path());
  const GgufVocabulary vocabulary = vocabulary_from_directory(directory.path(), before->vocabulary_size() + 8);
  EXPECT_EQ(vocabulary.pre, GetParam().pre);
  EXPECT_EQ(vocabulary.tokens.size(), static_cast<std::size_t>(before->vocabulary_size() + 8));
  EXPECT_EQ(vocabulary.token_types.back(), static_cast<std::int32_t>(GgufTokenType::kUnused));
  const auto after = through_gguf(vocabulary, directory);
  ASSERT_FALSE(golden_texts().empty());
  for (const std::string& text : golden_texts()) {
    EXPECT_EQ(after->encode(text), before->encode(text)) << text;
    EXPECT_EQ(after->decode(after->encode(text)), before->decode(before->encode(text)));
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, VocabularyThroughGguf,
                         ::testing::Values(Case{"gpt2", "gpt-2"}, Case{"smollm", "starcoder"},
                                           Case{"llama3", "llama-bpe"}, Case{"qwen2", "qwen2"}, Case{"gpt4o", "gpt-4o"},
                                           Case{"gguf_default", "default"}, Case{"llama2", "default"},
                                           Case{"gemma", "default"}),
                         [](const auto& item) { return item.param.variant; });

TEST(VocabularyFromFiles, SentencePieceModelKeepsItsIdsScoresAndTypes) {
  const TemporaryDirectory directory;
  std::filesystem::copy_file(std::string(PRUNENET_TEST_DATA) + "/tokenizer/sentencepiece/tokenizer.model",
                             directory / "tokenizer.model");
  const auto before = load_tokenizer(directory.path());
  const GgufVocabulary vocabulary = vocabulary_from_directory(directory.path(), before->vocabulary_size());
  EXPECT_EQ(vocabulary.model, "llama");
  EXPECT_EQ(vocabulary.add_space_prefix, true);
  EXPECT_EQ(vocabulary.token_types.at(0), static_cast<std::int32_t>(GgufTokenType::kUnknown));
  EXPECT_EQ(vocabulary.token_types.at(1), static_cast<std::int32_t>(GgufTokenType::kControl));
  EXPECT_EQ(vocabulary.token_types.at(3), static_cast<std::int32_t>(GgufTokenType::kByte));
  const auto after = through_gguf(vocabulary, directory);
  for (const std::string& text : golden_texts()) EXPECT_EQ(after->encode(text), before->encode(text)) << text;
}

TEST(VocabularyFromFiles, SpecialTokensAndTheChatTemplateComeAlong) {
  const TemporaryDirectory directory;
  write_file(directory / "tokenizer.json", variant_file("llama3").dump());
  write_file(directory / "tokenizer_config.json", json({{"bos_token", "<s>"},
                                                        {"eos_token", "</s>"},
                                                        {"pad_token", "<|im_end|>"},
                                                        {"add_bos_token", true},
                                                        {"chat_template", "{{ messages }}"}})
                                                      .dump());
  const GgufVocabulary vocabulary = vocabulary_from_directory(directory.path(), 724);
  EXPECT_EQ(vocabulary.bos_id, 722);
  EXPECT_EQ(vocabulary.eos_id, 723);
  EXPECT_EQ(vocabulary.pad_id, 721);
  EXPECT_EQ(vocabulary.chat_template, "{{ messages }}");
  EXPECT_EQ(vocabulary.token_types.at(722), static_cast<std::int32_t>(GgufTokenType::kControl));
  const auto after = through_gguf(vocabulary, directory);
  EXPECT_EQ(after->bos_id(), 722);
  EXPECT_EQ(after->eos_id(), 723);
  EXPECT_EQ(after->default_prefix(), load_tokenizer(directory.path())->default_prefix());
}

TEST(VocabularyFromFiles, RefusesWhatLlamaCppHasNoNameFor) {
  const TemporaryDirectory directory;
  write_file(directory / "tokenizer.json", variant_file("bloom").dump());
  expect_error(ErrorKind::kUnsupported, {"pre_tokenizer", "none that llama.cpp has"},
               [&] { (void)vocabulary_from_directory(directory.path(), 724); });
  // A name that is given is believed.
  EXPECT_EQ(vocabulary_from_directory(directory.path(), 724, "bloom").pre, "bloom");
  expect_error(ErrorKind::kBadInput, {"tokenizer.json", "700 rows"},
               [&] { (void)vocabulary_from_directory(directory.path(), 700); });
}

}  // namespace
}  // namespace prunenet::testing
