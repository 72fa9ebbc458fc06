#include <fmt/format.h>

#include <algorithm>

#include "prunenet/checkpoint/gguf_constants.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/error.h"
#include "prunenet/tokenizer/gguf_vocabulary.h"

namespace prunenet {
namespace {

constexpr const char* kPrefix = "tokenizer.ggml.";

std::optional<TokenId> optional_id(const GgufFile& gguf, const std::string& name, std::size_t size) {
  const std::string key = kPrefix + name;
  if (!gguf.has(key)) return std::nullopt;
  const std::int64_t id = gguf.integer(key);
  if (id < 0 || static_cast<std::uint64_t>(id) >= size) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("{}: {} is {}, but the vocabulary has {} tokens", gguf.path().string(), key, id, size));
  }
  return static_cast<TokenId>(id);
}

std::optional<bool> optional_flag(const GgufFile& gguf, const std::string& name) {
  const std::string key = kPrefix + name;
  return gguf.has(key) ? std::optional(gguf.flag(key)) : std::nullopt;
}

std::int64_t context_length(const GgufFile& gguf) {
  if (!gguf.has(kGgufArchitectureKey)) return 0;
  const std::string key = gguf.text(kGgufArchitectureKey) + ".context_length";
  return gguf.has(key) ? gguf.integer(key) : 0;
}

}  // namespace

GgufVocabulary vocabulary_from_gguf(const GgufFile& gguf) {
  const auto key = [](const char* name) { return std::string(kPrefix) + name; };
  GgufVocabulary vocabulary;
  vocabulary.model = gguf.text(key("model"));
  if (gguf.has(key("pre"))) vocabulary.pre = gguf.text(key("pre"));
  vocabulary.tokens = gguf.texts(key("tokens"));
  if (gguf.has(key("merges"))) vocabulary.merges = gguf.texts(key("merges"));
  if (gguf.has(key("token_type"))) {
    for (const std::int64_t type : gguf.integers(key("token_type"))) {
      vocabulary.token_types.push_back(static_cast<std::int32_t>(type));
    }
  }
  if (gguf.has(key("scores"))) {
    for (const double score : gguf.numbers(key("scores"))) vocabulary.scores.push_back(static_cast<float>(score));
  }
  const std::size_t size = vocabulary.tokens.size();
  vocabulary.bos_id = optional_id(gguf, "bos_token_id", size);
  vocabulary.eos_id = optional_id(gguf, "eos_token_id", size);
  vocabulary.unk_id = optional_id(gguf, "unknown_token_id", size);
  vocabulary.pad_id = optional_id(gguf, "padding_token_id", size);
  vocabulary.add_bos = optional_flag(gguf, "add_bos_token");
  vocabulary.add_space_prefix = optional_flag(gguf, "add_space_prefix");
  if (gguf.has("tokenizer.chat_template")) vocabulary.chat_template = gguf.text("tokenizer.chat_template");
  vocabulary.context_length = context_length(gguf);
  return vocabulary;
}

}  // namespace prunenet
