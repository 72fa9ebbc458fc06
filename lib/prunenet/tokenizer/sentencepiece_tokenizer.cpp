#include "prunenet/tokenizer/sentencepiece_tokenizer.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/added_tokens.h"
#include "prunenet/tokenizer/sentencepiece_check.h"
#include "prunenet/tokenizer/sentencepiece_model.h"
#include "prunenet/tokenizer/special_tokens.h"

namespace prunenet {
namespace {

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(const std::string& model, const SpecialTokens& special) {
    check_sentencepieces(model);
    if (std::string error; !model_->load(model, error)) {
      throw Error(ErrorKind::kBadInput, fmt::format("not a SentencePiece model: {}", error));
    }
    size_ = model_->size();
    for (TokenId id = 0; id < size_; ++id) {
      if (model_->is_control(id) || model_->is_unknown(id)) {
        add_token({.content = model_->piece(id), .id = id, .special = true});
      }
    }
    for (const AddedToken& token : special.added) add_token(token);
    bos_ = resolve(special.bos, special.bos_id, model_->bos_id());
    eos_ = resolve(special.eos, special.eos_id, model_->eos_id());
    if (special.add_bos.value_or(false) && bos_) prefix_ = {*bos_};
  }

  std::vector<TokenId> encode(std::string_view text) const override {
    std::vector<TokenId> ids;
    for (const auto& [range, valid] : split_valid_utf8(text)) {
      const std::string_view run = text.substr(range.begin, range.end - range.begin);
      if (!valid) {
        append_plain(run, ids);
        continue;
      }
      for (const auto& part : matcher_.split(run)) {
        if (part.token != nullptr)
          ids.push_back(part.token->id);
        else
          append_plain(run.substr(part.range.begin, part.range.end - part.range.begin), ids);
      }
    }
    return ids;
  }

  std::string decode(std::span<const TokenId> ids, bool skip_special) const override {
    std::string text;
    std::vector<int> plain;
    const auto flush = [&] {
      std::string decoded;
      std::string error;
      check(model_->decode(plain, decoded, error), error);
      text += decoded;
      plain.clear();
    };
    for (const TokenId id : ids) {
      const auto found = added_.find(id);
      if (found == added_.end()) {
        require_known(id);
        plain.push_back(id);
      } else if (!skip_special || !found->second.special) {
        flush();
        text += found->second.content;
      }
    }
    flush();
    return text;
  }

  std::int64_t vocabulary_size() const override {
    return added_.empty() ? size_ : std::max(size_, added_.rbegin()->first + 1);
  }
  std::optional<TokenId> bos_id() const override { return bos_; }
  std::optional<TokenId> eos_id() const override { return eos_; }
  std::vector<TokenId> default_prefix() const override { return prefix_; }

 private:
  void add_token(const AddedToken& token) {
    if (!added_.emplace(token.id, token).second) return;
    matcher_.add(token, token.content);
  }

  std::optional<TokenId> resolve(const std::optional<std::string>& content, std::optional<TokenId> configured,
                                 TokenId own) const {
    for (const auto& [id, token] : added_) {
      if (content == token.content) return id;
    }
    if (configured) return configured;
    return own >= 0 ? std::optional(own) : std::nullopt;
  }

  void require_known(TokenId id) const {
    if (id < 0 || id >= size_) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("token id {} is unknown to a vocabulary of {} ids", id, size_));
    }
  }

  static void check(bool succeeded, const std::string& error) {
    if (!succeeded) throw Error(ErrorKind::kOutOfSpace, "SentencePiece failed: " + error);
  }

  void append_plain(std::string_view text, std::vector<TokenId>& ids) const {
    std::vector<int> encoded;
    std::string error;
    check(model_->encode(text, encoded, error), error);
    ids.insert(ids.end(), encoded.begin(), encoded.end());
  }

  std::unique_ptr<SentencePieceModel> model_ = make_sentencepiece_model();
  TokenId size_ = 0;
  std::map<TokenId, AddedToken> added_;
  AddedTokenMatcher matcher_;
  std::optional<TokenId> bos_;
  std::optional<TokenId> eos_;
  std::vector<TokenId> prefix_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_sentencepiece(const std::filesystem::path& model_directory) {
  const std::filesystem::path path = model_directory / "tokenizer.model";
  const std::string model = read_text_file(path);
  const SpecialTokens special = read_special_tokens(model_directory);
  return located(path.string(), [&] { return std::make_unique<SentencePieceTokenizer>(model, special); });
}

}  // namespace prunenet
