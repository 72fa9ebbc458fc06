#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/tokenizer/gguf_vocabulary.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/temporary_directory.h"

namespace prunenet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

// Value types of the format.
constexpr std::uint32_t kUint32 = 4;
constexpr std::uint32_t kInt32 = 5;
constexpr std::uint32_t kFloat32 = 6;
constexpr std::uint32_t kBool = 7;
constexpr std::uint32_t kText = 8;
constexpr std::uint32_t kArray = 9;

std::string array(std::uint32_t type, std::uint64_t count, const std::string& elements) {
  return le(type) + le(count) + elements;
}

GgufBytes& add_text(GgufBytes& file, const std::string& key, const std::string& value) {
  return file.pair_bytes(key, kText, gguf_text(value));
}

/// Two tokens and all that a vocabulary must have.
GgufBytes least() {
  GgufBytes file;
  add_text(file, "tokenizer.ggml.model", "gpt2");
  file.pair_bytes("tokenizer.ggml.tokens", kArray, array(kText, 2, gguf_text("a") + gguf_text("<s>")));
  return file;
}

GgufVocabulary read(const GgufBytes& file) {
  const TemporaryDirectory directory;
  write_file(directory / "model.gguf", file.bytes());
  return vocabulary_from_gguf(GgufFile::open(directory / "model.gguf"));
}

TEST(ReadGgufVocabulary, TakesEveryField) {
  GgufBytes file = least();
  add_text(file, "general.architecture", "llama");
  file.pair<std::uint32_t>("llama.context_length", kUint32, 4096);
  add_text(file, "tokenizer.ggml.pre", "smollm");
  file.pair_bytes("tokenizer.ggml.merges", kArray, array(kText, 1, gguf_text("a b")));
  file.pair_bytes("tokenizer.ggml.token_type", kArray, array(kInt32, 2, le<std::int32_t>(1) + le<std::int32_t>(3)));
  file.pair_bytes("tokenizer.ggml.scores", kArray, array(kFloat32, 2, le(-1.5F) + le(0.0F)));
  file.pair<std::uint32_t>("tokenizer.ggml.bos_token_id", kUint32, 1);
  file.pair<std::uint32_t>("tokenizer.ggml.eos_token_id", kUint32, 0);
  file.pair<std::uint32_t>("tokenizer.ggml.unknown_token_id", kUint32, 0);
  file.pair<std::uint32_t>("tokenizer.ggml.padding_token_id", kUint32, 1);
  file.pair<std::uint8_t>("tokenizer.ggml.add_bos_token", kBool, 1);
  file.pair<std::uint8_t>("tokenizer.ggml.add_space_prefix", kBool, 0);
  add_text(file, "tokenizer.chat_template", "{{ messages }}");

  const GgufVocabulary vocabulary = read(file);
  EXPECT_EQ(vocabulary.model, "gpt2");
  EXPECT_EQ(vocabulary.pre, "smollm");
  EXPECT_THAT(vocabulary.tokens, ElementsAre("a", "<s>"));
  EXPECT_THAT(vocabulary.merges, ElementsAre("a b"));
  EXPECT_THAT(vocabulary.token_types, ElementsAre(1, 3));
  EXPECT_THAT(vocabulary.scores, ElementsAre(-1.5F, 0.0F));
  EXPECT_THAT(vocabulary.bos_id, Optional(1));
  EXPECT_THAT(vocabulary.eos_id, Optional(0));
  EXPECT_THAT(vocabulary.unk_id, Optional(0));
  EXPECT_THAT(vocabulary.pad_id, Optional(1));
  EXPECT_THAT(vocabulary.add_bos, Optional(true));
  EXPECT_THAT(vocabulary.add_space_prefix, Optional(false));
  EXPECT_EQ(vocabulary.chat_template, "{{ messages }}");
  EXPECT_EQ(vocabulary.context_length, 4096);
}

TEST(ReadGgufVocabulary, LeavesOutWhatTheFileDoesNotSay) {
  const GgufVocabulary vocabulary = read(least());
  EXPECT_EQ(vocabulary.pre, "");
  EXPECT_THAT(vocabulary.merges, IsEmpty());
  EXPECT_THAT(vocabulary.token_types, IsEmpty());
  EXPECT_EQ(vocabulary.bos_id, std::nullopt);
  EXPECT_EQ(vocabulary.add_bos, std::nullopt);
  EXPECT_EQ(vocabulary.context_length, 0);
}

TEST(ReadGgufVocabularyError, NoVocabulary) {
  expect_error(ErrorKind::kBadInput, {"tokenizer.ggml.model"}, [] { (void)read(GgufBytes()); });
  GgufBytes file;
  add_text(file, "tokenizer.ggml.model", "gpt2");
  expect_error(ErrorKind::kBadInput, {"tokenizer.ggml.tokens"}, [&] { (void)read(file); });
}

TEST(ReadGgufVocabularyError, IdOutsideTheVocabulary) {
  GgufBytes file = least();
  file.pair<std::uint32_t>("tokenizer.ggml.eos_token_id", kUint32, 2);
  expect_error(ErrorKind::kBadInput, {"eos_token_id is 2", "2 tokens"}, [&] { (void)read(file); });
}

}  // namespace
}  // namespace prunenet::testing
