#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace prunenet {

using TokenId = std::int32_t;

/// No vocabulary has larger ids: bounds what a malformed file can make us allocate.
inline constexpr TokenId kMaximumTokenId = 1 << 24;

/// Text to token ids and back.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  /// Ids of UTF-8 text without added special tokens; special tokens written out in the text are recognised.
  /// Invalid UTF-8 is encoded by its bytes where the vocabulary can, and is never an error.
  [[nodiscard]] virtual std::vector<TokenId> encode(std::string_view text) const = 0;
  /// Text of ids; special tokens are left out where `skip_special`. Throws Error(kInvalidArgument) at an unknown id.
  [[nodiscard]] virtual std::string decode(std::span<const TokenId> ids, bool skip_special = false) const = 0;
  [[nodiscard]] virtual std::int64_t vocabulary_size() const = 0;
  [[nodiscard]] virtual std::optional<TokenId> bos_id() const = 0;
  [[nodiscard]] virtual std::optional<TokenId> eos_id() const = 0;
  /// Special tokens that the tokenizer itself puts before a text by default (post_processor / add_bos_token).
  [[nodiscard]] virtual std::vector<TokenId> default_prefix() const = 0;
};

/// From a model directory: tokenizer.json, else tokenizer.model (SentencePiece), else vocab.json and
/// merges.txt (GPT-2, OPT); or from a .gguf file.
/// Throws Error(kBadInput) naming what is missing or malformed, Error(kUnsupported) naming the unknown component.
[[nodiscard]] std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& model);

}  // namespace prunenet
