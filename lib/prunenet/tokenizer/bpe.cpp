#include "prunenet/tokenizer/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/json_fields.h"

namespace prunenet {
namespace {

using nlohmann::json;

std::uint64_t pair_key(TokenId left, TokenId right) {
  return (static_cast<std::uint64_t>(left) << 32U) | static_cast<std::uint32_t>(right);
}

void refuse_unsupported(const json& model) {
  if (model.contains("dropout") && !model["dropout"].is_null() && model["dropout"].get<double>() != 0) {
    throw Error(ErrorKind::kUnsupported, "BPE dropout is not supported, set \"dropout\" to null");
  }
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (model.contains(affix) && !model[affix].is_null() && !model[affix].get<std::string>().empty()) {
      throw Error(ErrorKind::kUnsupported, fmt::format("BPE with a \"{}\" is not supported", affix));
    }
  }
}

/// A pair that can be merged: the symbol at `position` and the one behind it, as they were when it was found.
struct Candidate {
  std::uint32_t rank = 0;
  std::size_t position = 0;
  TokenId id = 0;
  bool operator>(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : position > other.position;
  }
};

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// A doubly linked list in a vector; a symbol that was merged into its left neighbour is not `alive`.
struct Symbol {
  TokenId id = 0;
  std::size_t previous = kNone;
  std::size_t next = kNone;
  bool alive = true;
};

}  // namespace

BpeModel::BpeModel(const json& model) {
  const bool untyped =
      model.is_object() && !model.contains("type") && model.contains("merges");  // before tokenizers 0.9
  const std::string type = untyped ? "BPE" : component_type(model, "model");
  if (type != "BPE") throw_unsupported("model", type);
  refuse_unsupported(model);
  fuse_unk_ = flag(model, "fuse_unk", false);
  byte_fallback_ = flag(model, "byte_fallback", false);
  ignore_merges_ = flag(model, "ignore_merges", false);
  read_vocabulary(model.at("vocab"));
  read_merges(model.at("merges"));
  if (model.contains("unk_token") && !model["unk_token"].is_null()) {
    const std::string unk = model["unk_token"].get<std::string>();
    unk_ = id_of(unk);
    if (!unk_)
      throw Error(ErrorKind::kBadInput, fmt::format("unk_token \"{}\" is not in the vocabulary", printable(unk)));
  }
}

void BpeModel::read_vocabulary(const json& vocabulary) {
  if (!vocabulary.is_object()) throw Error(ErrorKind::kBadInput, "the model's \"vocab\" is not an object");
  for (const auto& [token, value] : vocabulary.items()) {
    if (!value.is_number_integer() || value < 0 || value > kMaximumTokenId) {
      throw Error(ErrorKind::kBadInput, fmt::format("token \"{}\" has id {}, which is not an integer in [0, {}]",
                                                    printable(token), printable_json(value), kMaximumTokenId));
    }
    const auto id = value.get<TokenId>();
    if (const auto [known, is_new] = tokens_.emplace(id, token); !is_new) {
      throw Error(ErrorKind::kBadInput,
                  fmt::format("tokens \"{}\" and \"{}\" share id {}", printable(known->second), printable(token), id));
    }
    vocabulary_.emplace(token, id);
  }
}

void BpeModel::read_merges(const json& merges) {
  if (!merges.is_array()) throw Error(ErrorKind::kBadInput, "the model's \"merges\" is not an array");
  std::uint32_t rank = 0;
  for (const json& merge : merges) {
    if (merge.is_array() && merge.size() == 2) {
      add_merge(rank++, merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>());
      continue;
    }
    const std::string_view text = merge.is_string() ? merge.get_ref<const std::string&>() : std::string_view();
    if (text.starts_with("#version")) continue;
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
      throw Error(ErrorKind::kBadInput,
                  fmt::format("merge {} is {}, expected \"left right\" or [left, right]", rank, printable_json(merge)));
    }
    add_merge(rank++, text.substr(0, space), text.substr(space + 1));
  }
}

void BpeModel::add_merge(std::uint32_t rank, std::string_view left, std::string_view right) {
  const auto known = [&](std::string_view token) {
    const auto id = id_of(token);
    if (!id) {
      throw Error(ErrorKind::kBadInput, fmt::format("merge {} of \"{}\" and \"{}\": \"{}\" is not in the vocabulary",
                                                    rank, printable(left), printable(right), printable(token)));
    }
    return *id;
  };
  const TokenId left_id = known(left);
  const TokenId right_id = known(right);
  // Of a pair that is listed twice the last counts, as in the reference implementation.
  merges_[pair_key(left_id, right_id)] = {rank, known(std::string(left).append(right))};
}

std::optional<TokenId> BpeModel::id_of(std::string_view token) const {
  const auto found = vocabulary_.find(token);
  return found == vocabulary_.end() ? std::nullopt : std::optional(found->second);
}

const BpeModel::Merge* BpeModel::merge_of(TokenId left, TokenId right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

bool BpeModel::append_byte_tokens(std::string_view character, std::vector<TokenId>& symbols) const {
  const std::size_t size = symbols.size();
  for (const char byte : character) {
    const auto id = id_of(fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte)));
    if (!id) {
      symbols.resize(size);
      return false;
    }
    symbols.push_back(*id);
  }
  return true;
}

std::vector<TokenId> BpeModel::initial_symbols(std::string_view piece) const {
  std::vector<TokenId> symbols;
  symbols.reserve(piece.size());
  bool unk_is_last = false;
  for (std::size_t position = 0; position < piece.size();) {
    const std::string_view character = piece.substr(position, character_at(piece, position).length);
    position += character.size();
    if (const auto id = id_of(character)) {
      symbols.push_back(*id);
      unk_is_last = false;
    } else if (byte_fallback_ && append_byte_tokens(character, symbols)) {
      unk_is_last = false;
    } else if (unk_ && !(fuse_unk_ && unk_is_last)) {
      symbols.push_back(*unk_);
      unk_is_last = true;
    }
  }
  return symbols;
}

void BpeModel::merge_all(const std::vector<TokenId>& ids, std::vector<TokenId>& merged) const {
  std::vector<Symbol> symbols(ids.size());
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](std::size_t left) {
    if (left == kNone || symbols[left].next == kNone) return;
    const Merge* merge = merge_of(symbols[left].id, symbols[symbols[left].next].id);
    if (merge != nullptr) candidates.push({merge->rank, left, merge->id});
  };
  for (std::size_t i = 0; i < ids.size(); ++i) {
    symbols[i] = {ids[i], i > 0 ? i - 1 : kNone, i + 1 < ids.size() ? i + 1 : kNone, true};
  }
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) consider(i);

  while (!candidates.empty()) {
    const Candidate candidate = candidates.top();
    candidates.pop();
    Symbol& left = symbols[candidate.position];
    if (!left.alive || left.next == kNone) continue;
    Symbol& right = symbols[left.next];
    const Merge* merge = merge_of(left.id, right.id);
    if (merge == nullptr || merge->id != candidate.id) continue;  // a neighbour has changed since
    left.id = candidate.id;
    left.next = right.next;
    right.alive = false;
    if (left.next != kNone) symbols[left.next].previous = candidate.position;
    consider(left.previous);
    consider(candidate.position);
  }
  for (std::size_t i = symbols.empty() ? kNone : 0; i != kNone; i = symbols[i].next) merged.push_back(symbols[i].id);
}

void BpeModel::encode(std::string_view piece, std::vector<TokenId>& ids) const {
  if (ignore_merges_) {
    if (const auto id = id_of(piece)) return ids.push_back(*id);
  }
  merge_all(initial_symbols(piece), ids);
}

void BpeEncoder::encode(std::string_view piece, std::vector<TokenId>& ids) {
  constexpr std::size_t kMaximumSize = 256;  // longer pieces hardly come again
  if (piece.size() > kMaximumSize) return model_.encode(piece, ids);
  auto found = seen_.find(piece);
  if (found == seen_.end()) {
    found = seen_.emplace(piece, std::vector<TokenId>()).first;
    model_.encode(piece, found->second);
  }
  ids.insert(ids.end(), found->second.begin(), found->second.end());
}

}  // namespace prunenet
