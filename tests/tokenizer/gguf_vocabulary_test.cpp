#include "prunenet/tokenizer/gguf_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sentencepiece_processor.h>

#include "support/expect_error.h"
#include "tokenizer/fixture.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

std::unique_ptr<Tokenizer> write_and_load(const GgufVocabulary& vocabulary) {
  const TemporaryDirectory directory;
  write_tokenizer_files(vocabulary, directory.path());
  return load_tokenizer(directory.path());
}

/// The vocabulary of byte_level.json as a GGUF file has it, with the chat tokens of the golden variants.
GgufVocabulary byte_level_vocabulary(const std::string& pre) {
  const json model = read_fixture("byte_level.json")["model"];
  GgufVocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pre = pre;
  vocabulary.tokens.resize(model["vocab"].size());
  for (const auto& [token, id] : model["vocab"].items()) vocabulary.tokens[id.get<std::size_t>()] = token;
  vocabulary.token_types.assign(vocabulary.tokens.size(), static_cast<std::int32_t>(GgufTokenType::kNormal));
  for (const char* token : {"<|im_start|>", "<|im_end|>", "<s>", "</s>"}) {
    vocabulary.tokens.emplace_back(token);
    vocabulary.token_types.push_back(static_cast<std::int32_t>(GgufTokenType::kControl));
  }
  for (const json& merge : model["merges"]) {
    vocabulary.merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  }
  const auto size = static_cast<TokenId>(vocabulary.tokens.size());
  vocabulary.bos_id = size - 2;
  vocabulary.eos_id = size - 1;
  return vocabulary;
}

/// Ids of the golden variant of that name for all texts.
std::vector<json> golden_ids(const std::string& name) {
  const json goldens = read_fixture("goldens.json");
  const json& variants = goldens["variants"];
  std::vector<json> ids;
  for (const json& variant : variants) {
    if (variant["name"] != name) continue;
    for (std::size_t i = 0; i < goldens["texts"].size(); ++i) {
      ids.push_back(variant["cases"][i].contains("ids") ? variant["cases"][i]["ids"] : variants[0]["cases"][i]["ids"]);
    }
  }
  return ids;
}

struct PreTokenizerCase {
  std::string pre;
  std::string golden;
};

void PrintTo(const PreTokenizerCase& name, std::ostream* out) {  // not its bytes, some of which are padding
  *out << name.pre;
}

class GgufPreTokenizers : public ::testing::TestWithParam<PreTokenizerCase> {};

TEST_P(GgufPreTokenizers, SplitAsTheReference) {
  const auto tokenizer = write_and_load(byte_level_vocabulary(GetParam().pre));
  const json texts = read_fixture("goldens.json")["texts"];
  const std::vector<json> expected = golden_ids(GetParam().golden);
  ASSERT_EQ(expected.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(json(tokenizer->encode(texts[i].get<std::string>())), expected[i]) << texts[i];
  }
}

std::string pre_tokenizer_name(const ::testing::TestParamInfo<PreTokenizerCase>& info) {
  return info.param.golden + "_" + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(Names, GgufPreTokenizers,
                         ::testing::Values(PreTokenizerCase{"gpt-2", "gpt2"}, PreTokenizerCase{"smollm", "gpt2"},
                                           PreTokenizerCase{"starcoder", "smollm"},
                                           PreTokenizerCase{"llama-bpe", "llama3"}, PreTokenizerCase{"qwen2", "qwen2"},
                                           PreTokenizerCase{"gpt-4o", "gpt4o"}, PreTokenizerCase{"", "gguf_default"}),
                         pre_tokenizer_name);

TEST(GgufVocabulary, SpecialTokensAndPrefix) {
  GgufVocabulary vocabulary = byte_level_vocabulary("gpt-2");
  EXPECT_THAT(write_and_load(vocabulary)->bos_id(), Optional(*vocabulary.bos_id));
  EXPECT_THAT(write_and_load(vocabulary)->eos_id(), Optional(*vocabulary.eos_id));
  EXPECT_THAT(write_and_load(vocabulary)->default_prefix(), IsEmpty());
  vocabulary.pre = "llama-bpe";
  EXPECT_THAT(write_and_load(vocabulary)->default_prefix(), ElementsAre(*vocabulary.bos_id));
  vocabulary.add_bos = false;
  EXPECT_THAT(write_and_load(vocabulary)->default_prefix(), IsEmpty());
}

TEST(GgufVocabulary, WritesWhatTransformersReads) {
  GgufVocabulary vocabulary = byte_level_vocabulary("smollm");
  vocabulary.add_bos = true;
  vocabulary.chat_template = "{{ messages }}";
  vocabulary.context_length = 2048;
  const TemporaryDirectory directory;
  write_tokenizer_files(vocabulary, directory.path());
  const json config = json::parse(read_text_file(directory / "tokenizer_config.json"));
  EXPECT_EQ(config["tokenizer_class"], "PreTrainedTokenizerFast");
  EXPECT_EQ(config["chat_template"], "{{ messages }}");
  EXPECT_EQ(config["model_max_length"], 2048);
  EXPECT_EQ(config["bos_token"], "<s>");
  EXPECT_EQ(json::parse(read_text_file(directory / "special_tokens_map.json")),
            json({{"bos_token", "<s>"}, {"eos_token", "</s>"}}));
  const json file = json::parse(read_text_file(directory / "tokenizer.json"));
  EXPECT_EQ(file["post_processor"]["special_tokens"]["<s>"]["ids"], json::array({*vocabulary.bos_id}));
  EXPECT_EQ(file["added_tokens"].size(), 4U);
  EXPECT_EQ(file["added_tokens"][0]["special"], true);
}

/// A GGUF "llama" vocabulary of the SentencePiece model of the fixtures.
GgufVocabulary scored_vocabulary(const sentencepiece::SentencePieceProcessor& processor) {
  GgufVocabulary vocabulary;
  vocabulary.model = "llama";
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    const GgufTokenType type = processor.IsUnknown(id)   ? GgufTokenType::kUnknown
                               : processor.IsControl(id) ? GgufTokenType::kControl
                               : processor.IsByte(id)    ? GgufTokenType::kByte
                                                         : GgufTokenType::kNormal;
    vocabulary.tokens.push_back(processor.IdToPiece(id));
    vocabulary.scores.push_back(processor.GetScore(id));
    vocabulary.token_types.push_back(static_cast<std::int32_t>(type));
  }
  vocabulary.unk_id = processor.unk_id();
  vocabulary.bos_id = processor.bos_id();
  vocabulary.eos_id = processor.eos_id();
  return vocabulary;
}

TEST(GgufVocabulary, ScoresGiveTheIdsOfSentencePiece) {
  sentencepiece::SentencePieceProcessor processor;
  ASSERT_TRUE(processor.Load(std::string(PRUNENET_TEST_DATA) + "/tokenizer/sentencepiece/tokenizer.model").ok());
  const auto tokenizer = write_and_load(scored_vocabulary(processor));
  EXPECT_THAT(tokenizer->default_prefix(), ElementsAre(processor.bos_id()));
  const json fixture = read_fixture("sentencepiece.json");
  for (const json& expected : fixture["cases"]) {
    const auto text = expected["text"].get<std::string>();
    EXPECT_EQ(json(tokenizer->encode(text)), expected["ids"]) << expected["text"];
    EXPECT_EQ(json(tokenizer->decode(tokenizer->encode(text))), expected["decoded"]);
  }
}

TEST(GgufVocabulary, WithoutAPrefixSpaceTextIsTakenAsItStands) {
  sentencepiece::SentencePieceProcessor processor;
  ASSERT_TRUE(processor.Load(std::string(PRUNENET_TEST_DATA) + "/tokenizer/sentencepiece/tokenizer.model").ok());
  GgufVocabulary vocabulary = scored_vocabulary(processor);
  const auto with = write_and_load(vocabulary);
  vocabulary.add_space_prefix = false;
  const auto without = write_and_load(vocabulary);
  EXPECT_EQ(without->encode(" Alice"), with->encode("Alice"));
  EXPECT_EQ(without->decode(without->encode(" Alice")), " Alice");
}

class GgufVocabularyError : public ::testing::Test {
 protected:
  void expect(ErrorKind kind, std::initializer_list<std::string> fragments) const {
    const TemporaryDirectory directory;
    expect_error(kind, fragments, [&] { write_tokenizer_files(vocabulary, directory.path()); });
    EXPECT_TRUE(std::filesystem::is_empty(directory.path())) << "nothing half-written";
  }
  GgufVocabulary vocabulary = byte_level_vocabulary("gpt-2");
};

TEST_F(GgufVocabularyError, UnknownModel) {
  vocabulary.model = "rwkv";
  expect(ErrorKind::kUnsupported, {"rwkv"});
}

TEST_F(GgufVocabularyError, UnknownPreTokenizer) {
  vocabulary.pre = "mystery";
  expect(ErrorKind::kUnsupported, {"mystery"});
}

TEST_F(GgufVocabularyError, NoTokens) {
  vocabulary.tokens.clear();
  expect(ErrorKind::kBadInput, {"no tokens"});
}

TEST_F(GgufVocabularyError, ListsOfOtherLengths) {
  vocabulary.token_types.pop_back();
  expect(ErrorKind::kBadInput,
         {std::to_string(vocabulary.tokens.size()), std::to_string(vocabulary.token_types.size())});
  vocabulary.token_types.clear();
  vocabulary.scores = {1.0F};
  expect(ErrorKind::kBadInput, {"scores"});
}

TEST_F(GgufVocabularyError, NoScores) {
  vocabulary.model = "llama";
  vocabulary.merges.clear();
  expect(ErrorKind::kBadInput, {"scores"});
}

TEST_F(GgufVocabularyError, SpecialIdOutOfRange) {
  vocabulary.pad_id = 100000;
  expect(ErrorKind::kBadInput, {"padding", "100000"});
}

TEST_F(GgufVocabularyError, TokenTwice) {
  vocabulary.tokens[7] = vocabulary.tokens[3];
  expect(ErrorKind::kBadInput, {"3", "7"});
}

TEST_F(GgufVocabularyError, TokenThatIsNotUtf8) {
  vocabulary.tokens[5] = "\xFF";
  expect(ErrorKind::kBadInput, {"token 5"});
}

TEST_F(GgufVocabularyError, MergeThatIsNotUtf8) {
  vocabulary.merges[1] = "a \xFF";
  expect(ErrorKind::kBadInput, {"merge 1", "not UTF-8"});
}

TEST_F(GgufVocabularyError, ChatTemplateThatIsNotUtf8) {
  vocabulary.chat_template = "\xFF{{ messages }}";
  expect(ErrorKind::kBadInput, {"chat template", "not UTF-8"});
}

TEST_F(GgufVocabularyError, ScoreThatIsNoNumber) {
  vocabulary.scores.assign(vocabulary.tokens.size(), 0.0F);
  vocabulary.scores[1] = std::nanf("");
  expect(ErrorKind::kBadInput, {"score of token 1", "nan"});
}

TEST_F(GgufVocabularyError, TokenThatIsTooLong) {  // looking at all its splits would take the square of its length
  vocabulary.tokens[1] = std::string(1025, 'a');
  expect(ErrorKind::kUnsupported, {"token 1", "1025", "1024"});
}

}  // namespace
}  // namespace prunenet::testing
