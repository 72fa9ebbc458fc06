#include "prunenet/tokenizer/bpe_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/added_tokens.h"
#include "prunenet/tokenizer/bpe.h"
#include "prunenet/tokenizer/byte_level.h"
#include "prunenet/tokenizer/decoder.h"
#include "prunenet/tokenizer/json_fields.h"
#include "prunenet/tokenizer/normalizer.h"
#include "prunenet/tokenizer/post_processor.h"
#include "prunenet/tokenizer/pre_tokenizer.h"
#include "prunenet/tokenizer/special_tokens.h"

namespace prunenet {
namespace {

using nlohmann::json;

json field(const json& file, const char* key) {
  return file.contains(key) ? file[key] : json();
}

json component(const json& file, const char* key) {
  json found = field(file, key);
  check_parts(found, key);
  return found;
}

class BpeTokenizer final : public Tokenizer {
 public:
  BpeTokenizer(const json& file, const SpecialTokens& special)
      : normalizer_(make_normalizer(component(file, "normalizer"))),
        pre_tokenizer_(make_pre_tokenizer(component(file, "pre_tokenizer"))),
        model_(file.at("model")),
        decoder_(make_decoder(component(file, "decoder"))),
        prefix_(post_processor_prefix(field(file, "post_processor"))) {
    for (const auto& [id, token] : model_.tokens()) {
      if (!token.empty()) spell(id, {.text = token});
    }
    for (const json& token : file.value("added_tokens", json::array())) {
      add_token(parse_added_token(token));
    }
    for (const AddedToken& token : special.added) add_token(token);
    for (const std::string& content : special.named) add_named_token(content);
    bos_ = special.bos ? find(*special.bos) : special.bos_id;
    eos_ = special.eos ? find(*special.eos) : special.eos_id;
    if (special.add_bos) prefix_ = *special.add_bos && bos_ ? std::vector<TokenId>{*bos_} : std::vector<TokenId>();
    for (const TokenId id : prefix_) {
      if (!is_known(id)) {
        throw Error(ErrorKind::kBadInput, fmt::format("post_processor has the token id {}, which is unknown to a "
                                                      "vocabulary of {} ids",
                                                      id, size_));
      }
    }
  }

  std::vector<TokenId> encode(std::string_view text) const override {
    std::vector<TokenId> ids;
    BpeEncoder encoder(model_);
    for (const auto& [range, valid] : split_valid_utf8(text)) {
      const std::string_view run = text.substr(range.begin, range.end - range.begin);
      if (valid)
        encode_valid(run, range.begin == 0, encoder, ids);
      else
        encode_bytes(run, ids);
    }
    return ids;
  }

  std::string decode(std::span<const TokenId> ids, bool skip_special) const override {
    std::vector<std::string> tokens;
    for (const TokenId id : ids) {
      const auto found = spellings_.find(id);
      if (found == spellings_.end()) {
        throw Error(ErrorKind::kInvalidArgument,
                    fmt::format("token id {} is unknown to a vocabulary of {} ids", id, size_));
      }
      if (!(skip_special && found->second.special)) tokens.push_back(found->second.text);
    }
    decoder_(tokens);
    std::string text;
    for (const std::string& token : tokens) text += token;
    return text;
  }

  std::int64_t vocabulary_size() const override { return size_; }
  std::optional<TokenId> bos_id() const override { return bos_; }
  std::optional<TokenId> eos_id() const override { return eos_; }
  std::vector<TokenId> default_prefix() const override { return prefix_; }

 private:
  struct Spelling {
    std::string text;
    bool special = false;
  };

  bool is_known(TokenId id) const { return spellings_.contains(id); }

  void spell(TokenId id, Spelling spelling) {
    spellings_[id] = std::move(spelling);
    size_ = std::max<std::int64_t>(size_, std::int64_t{id} + 1);
  }

  std::optional<TokenId> find(const std::string& content) const {
    const auto found = added_.find(content);
    return found != added_.end() ? std::optional(found->second) : model_.id_of(content);
  }

  /// The model's id has the say where its vocabulary holds the token too; of two added tokens, the first.
  void add_token(AddedToken token) {
    if (token.content.empty() || added_.contains(token.content)) return;
    token.id = model_.id_of(token.content).value_or(token.id);
    const std::string spelling = token.normalized ? normalizer_(token.content) : token.content;
    (token.normalized ? in_normalized_ : in_raw_).add(token, spelling);
    spell(token.id, {.text = spelling, .special = token.special});
    added_.emplace(token.content, token.id);
  }

  /// A token that only tokenizer_config.json calls special.
  void add_named_token(const std::string& content) {
    if (const auto id = model_.id_of(content)) add_token({.content = content, .id = *id, .special = true});
  }

  void encode_valid(std::string_view text, bool starts_text, BpeEncoder& encoder, std::vector<TokenId>& ids) const {
    for (const auto& raw : in_raw_.split(text)) {
      if (raw.token != nullptr) {
        ids.push_back(raw.token->id);
        continue;
      }
      const std::string normalized =
          normalizer_(std::string(text.substr(raw.range.begin, raw.range.end - raw.range.begin)));
      for (const auto& part : in_normalized_.split(normalized)) {
        const bool first = starts_text && raw.range.begin == 0 && part.range.begin == 0;
        if (part.token != nullptr)
          ids.push_back(part.token->id);
        else
          encode_plain(normalized.substr(part.range.begin, part.range.end - part.range.begin), first, encoder, ids);
      }
    }
  }

  void encode_plain(std::string text, bool first, BpeEncoder& encoder, std::vector<TokenId>& ids) const {
    const TextRange whole{0, text.size()};
    PreTokenized state{std::move(text), {whole}, first};
    pre_tokenizer_(state);
    for (const TextRange& piece : state.pieces) {
      encoder.encode(std::string_view(state.text).substr(piece.begin, piece.end - piece.begin), ids);
    }
  }

  /// Bytes that are not UTF-8: each by its byte-level token, its byte-fallback token or `unk`.
  void encode_bytes(std::string_view bytes, std::vector<TokenId>& ids) const {
    for (const char byte : bytes) {
      std::string spelling;
      append_byte_level(std::string_view(&byte, 1), spelling);
      auto id = model_.id_of(fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte)));
      if (!id) id = model_.id_of(spelling);
      if (!id) id = model_.unk_id();
      if (id) ids.push_back(*id);
    }
  }

  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  BpeModel model_;
  Decoder decoder_;
  AddedTokenMatcher in_raw_;
  AddedTokenMatcher in_normalized_;
  StringMap<TokenId> added_;
  std::unordered_map<TokenId, Spelling> spellings_;  ///< ids need not be without gaps
  std::int64_t size_ = 0;                            ///< one above the largest id
  std::vector<TokenId> prefix_;
  std::optional<TokenId> bos_;
  std::optional<TokenId> eos_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer_json(const std::filesystem::path& model_directory) {
  const std::filesystem::path path = model_directory / "tokenizer.json";
  const json file = read_json_object(path);
  return make_bpe_tokenizer(file, read_special_tokens(model_directory), path.string());
}

std::unique_ptr<Tokenizer> make_bpe_tokenizer(const json& file, const SpecialTokens& special,
                                              const std::string& where) {
  try {
    return std::make_unique<BpeTokenizer>(file, special);
  } catch (const json::exception& error) {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: {}", where, error.what()));
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", where, error.what()));
  }
}

}  // namespace prunenet
