#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/checkpoint/gguf_pairs.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

class GgufFile;

/// Kind of a token (`tokenizer.ggml.token_type`).
enum class GgufTokenType : std::int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

/// A vocabulary as it lies in the metadata of a GGUF file; each field is the key `tokenizer.ggml.<name>`.
struct GgufVocabulary {
  std::string model;                ///< "gpt2" (byte-level BPE) or "llama" (SentencePiece BPE with scores)
  std::string pre;                  ///< pre-tokenizer of a "gpt2" one: "smollm", "llama-bpe", "qwen2", "default", ...
  std::vector<std::string> tokens;  ///< by id
  std::vector<std::string> merges;  ///< "gpt2": "left right", first learnt first
  std::vector<std::int32_t> token_types;  ///< GgufTokenType by id; empty means all are normal
  std::vector<float> scores;              ///< "llama": by id, the higher the earlier merged
  std::optional<TokenId> bos_id;
  std::optional<TokenId> eos_id;
  std::optional<TokenId> unk_id;
  std::optional<TokenId> pad_id;
  std::optional<bool> add_bos;           ///< absent: as llama.cpp takes it for this model and pre-tokenizer
  std::optional<bool> add_space_prefix;  ///< "llama" only; absent: true
  std::string chat_template;             ///< `tokenizer.chat_template`
  std::int64_t context_length = 0;       ///< `<architecture>.context_length`; 0 where unknown
};

/// Throws Error(kBadInput) naming the key that is missing or wrong.
[[nodiscard]] GgufVocabulary vocabulary_from_gguf(const GgufFile& gguf);

/// Of a model directory's tokenizer.json, or of its tokenizer.model: the other way round. `rows` is the number of rows
/// of the embedding: ids without a token become unused ones. `pre` is the pre-tokenizer's name; where it is empty, the
/// one that tokenizer.json means is looked for. Throws Error(kUnsupported) for tokenizers that llama.cpp has no name
/// for, Error(kBadInput) for a malformed file or one with more tokens than rows.
[[nodiscard]] GgufVocabulary vocabulary_from_directory(const std::filesystem::path& directory, std::int64_t rows,
                                                       const std::string& pre = "");

/// As `tokenizer.ggml.*` and `tokenizer.chat_template`.
[[nodiscard]] GgufPairs to_gguf(const GgufVocabulary& vocabulary);

/// Contents of the files that a model directory has for its tokenizer.
struct TokenizerFiles {
  nlohmann::ordered_json tokenizer;           ///< tokenizer.json
  nlohmann::ordered_json tokenizer_config;    ///< tokenizer_config.json
  nlohmann::ordered_json special_tokens_map;  ///< special_tokens_map.json
};

/// The files from which `load_tokenizer` and Hugging Face transformers' AutoTokenizer read the same tokenizer.
///
/// A "llama" vocabulary without a list of merges: every split of a token into two tokens becomes one, the best score
/// first, as transformers converts SentencePiece models (`generate_merges` of convert_slow_tokenizer.py). Throws
/// Error(kUnsupported) for another model or pre-tokenizer, Error(kBadInput) where the fields do not fit together.
[[nodiscard]] TokenizerFiles tokenizer_files(const GgufVocabulary& vocabulary);

/// Writes them into an existing directory.
void write_tokenizer_files(const GgufVocabulary& vocabulary, const std::filesystem::path& directory);

}  // namespace prunenet
