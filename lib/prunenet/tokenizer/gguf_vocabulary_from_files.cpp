// A model directory's tokenizer as a GGUF file has it.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <nlohmann/json.hpp>

#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/bpe.h"
#include "prunenet/tokenizer/gguf_pre_tokenizer.h"
#include "prunenet/tokenizer/gguf_vocabulary.h"
#include "prunenet/tokenizer/json_fields.h"
#include "prunenet/tokenizer/sentencepiece_model.h"
#include "prunenet/tokenizer/special_tokens.h"
#include "prunenet/tokenizer/vocab_and_merges.h"

namespace prunenet {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr float kAddedScore = -1000.0F;  // what llama.cpp's converter gives tokens that no merge makes

[[noreturn]] void fail(const fs::path& file, ErrorKind kind, const std::string& why) {
  throw Error(kind, fmt::format("{}: {}", file.string(), why));
}

bool is_byte_token(std::string_view token) {
  return token.size() == 6 && token.starts_with("<0x") && token.back() == '>' &&
         std::isxdigit(static_cast<unsigned char>(token[3])) != 0 &&
         std::isxdigit(static_cast<unsigned char>(token[4])) != 0;
}

/// Tokens, types and scores by id, as long as the embedding; ids without a token are unused.
class TokenTable {
 public:
  TokenTable(fs::path file, std::int64_t rows) : file_(std::move(file)) {
    for (std::int64_t id = 0; id < rows; ++id) vocabulary_.tokens.push_back(fmt::format("[PAD{}]", id));
    vocabulary_.token_types.assign(vocabulary_.tokens.size(), static_cast<std::int32_t>(GgufTokenType::kUnused));
    vocabulary_.scores.assign(vocabulary_.tokens.size(), kAddedScore);
  }

  void put(std::int64_t id, const std::string& token, GgufTokenType type, float score) {
    if (id < 0 || static_cast<std::size_t>(id) >= vocabulary_.tokens.size()) {
      fail(file_, ErrorKind::kBadInput,
           fmt::format("token id {} is outside the embedding of {} rows", id, vocabulary_.tokens.size()));
    }
    const auto at = static_cast<std::size_t>(id);
    vocabulary_.tokens[at] = token;
    vocabulary_.token_types[at] = static_cast<std::int32_t>(type);
    vocabulary_.scores[at] = score;
  }

  void put_added(const AddedToken& token) {
    put(token.id, token.content, token.special ? GgufTokenType::kControl : GgufTokenType::kUserDefined, kAddedScore);
  }

  GgufVocabulary& vocabulary() { return vocabulary_; }

 private:
  fs::path file_;
  GgufVocabulary vocabulary_;
};

/// "left right", as both forms of a merge have it.
std::vector<std::string> merges_of(const json& model) {
  std::vector<std::string> merges;
  for (const json& merge : model.at("merges")) {
    if (merge.is_string() && merge.get_ref<const std::string&>().starts_with("#version")) continue;
    merges.push_back(merge.is_string() ? merge.get<std::string>()
                                       : merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>());
  }
  return merges;
}

/// SentencePiece's order of merging is by score of the piece that comes out: the later it is learnt, the lower.
StringMap<float> scores_of(const std::vector<std::string>& merges) {
  StringMap<float> scores;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    std::string piece = merges[rank];
    piece.erase(piece.find(' '), 1);
    scores.emplace(std::move(piece), -static_cast<float>(rank));
  }
  return scores;
}

void put_bpe_tokens(const json& model, TokenTable& table) {
  const bool fallback = flag(model, "byte_fallback", false);
  std::vector<std::string> merges = merges_of(model);
  const StringMap<float> scores = fallback ? scores_of(merges) : StringMap<float>();
  const std::string unknown = model.contains("unk_token") && model["unk_token"].is_string()
                                  ? model["unk_token"].get<std::string>()
                                  : std::string();
  for (const auto& [token, id] : model.at("vocab").items()) {
    GgufTokenType type = GgufTokenType::kNormal;
    if (fallback && is_byte_token(token)) type = GgufTokenType::kByte;
    if (fallback && token == unknown) type = GgufTokenType::kUnknown;
    const auto score = scores.find(token);
    const float lowest = -static_cast<float>(merges.size());  // characters: no merge makes them
    const TokenId number = token_id(id, fmt::format("token \"{}\"", printable(token)));
    table.put(number, token, type, score == scores.end() ? lowest : score->second);
    if (!unknown.empty() && token == unknown) table.vocabulary().unk_id = number;
  }
  if (!fallback) table.vocabulary().merges = std::move(merges);
}

/// Whether a text begins as if a space stood before it.
bool prepends_space(const json& file) {
  const std::string text = file.value("normalizer", json()).dump() + file.value("pre_tokenizer", json()).dump();
  return text.find("\"Prepend\"") != std::string::npos ||
         text.find("\"prepend_scheme\":\"first\"") != std::string::npos ||
         text.find("\"prepend_scheme\":\"always\"") != std::string::npos;
}

/// `file`: the content of `path`, or what stands for it.
GgufVocabulary read_tokenizer_json(const json& file, const fs::path& path, const SpecialTokens& special,
                                   std::int64_t rows, const std::string& pre) {
  TokenTable table(path, rows);
  try {
    const json& model = file.at("model");
    const std::string type = component_type(model, "model");
    if (type != "BPE") fail(path, ErrorKind::kUnsupported, fmt::format("model {} cannot go into a GGUF file", type));
    put_bpe_tokens(model, table);
    for (const json& token : file.value("added_tokens", json::array())) {
      table.put_added(parse_added_token(token));
    }
    for (const AddedToken& token : special.added) table.put_added(token);
    GgufVocabulary& vocabulary = table.vocabulary();
    const bool fallback = flag(model, "byte_fallback", false);
    vocabulary.model = fallback ? "llama" : "gpt2";
    if (fallback) {
      vocabulary.pre = "default";
      vocabulary.add_space_prefix = prepends_space(file);
      // The unknown token is special among the added ones, too.
      if (vocabulary.unk_id) {
        vocabulary.token_types[static_cast<std::size_t>(*vocabulary.unk_id)] =
            static_cast<std::int32_t>(GgufTokenType::kUnknown);
      }
    } else {
      vocabulary.pre = pre.empty() ? gguf_pre_tokenizer_name(file.value("pre_tokenizer", json())) : pre;
      vocabulary.scores.clear();
    }
    return std::move(vocabulary);
  } catch (const json::exception& error) {
    fail(path, ErrorKind::kBadInput, error.what());
  }
}

GgufVocabulary read_sentencepiece(const fs::path& path, const SpecialTokens& special, std::int64_t rows) {
  const std::unique_ptr<SentencePieceModel> model = make_sentencepiece_model();
  if (std::string error; !model->load(read_text_file(path), error)) {
    fail(path, ErrorKind::kBadInput, fmt::format("not a SentencePiece model: {}", error));
  }
  if (model->is_unigram()) fail(path, ErrorKind::kUnsupported, "a unigram model cannot go into a GGUF file");
  TokenTable table(path, rows);
  for (int id = 0; id < model->size(); ++id) {
    GgufTokenType type = GgufTokenType::kNormal;
    if (model->is_unknown(id)) type = GgufTokenType::kUnknown;
    if (model->is_control(id)) type = GgufTokenType::kControl;
    if (model->is_unused(id)) type = GgufTokenType::kUnused;
    if (model->is_byte(id)) type = GgufTokenType::kByte;
    table.put(id, model->piece(id), type, model->score(id));
    if (type == GgufTokenType::kUnknown) table.vocabulary().unk_id = id;
  }
  for (const AddedToken& token : special.added) {
    if (token.id >= model->size()) table.put_added(token);
  }
  GgufVocabulary& vocabulary = table.vocabulary();
  vocabulary.model = "llama";
  vocabulary.pre = "default";
  std::vector<int> ids;
  std::string error;
  vocabulary.add_space_prefix =
      model->encode("a", ids, error) && !ids.empty() && model->piece(ids.front()).starts_with("\u2581");
  return std::move(vocabulary);
}

/// From the files that `load_tokenizer` takes, in its order.
GgufVocabulary read_vocabulary(const fs::path& directory, const SpecialTokens& special, std::int64_t rows,
                               const std::string& pre) {
  if (const fs::path path = directory / "tokenizer.json"; fs::exists(path)) {
    return read_tokenizer_json(read_json_object(path), path, special, rows, pre);
  }
  if (const fs::path path = directory / "tokenizer.model"; fs::exists(path)) {
    return read_sentencepiece(path, special, rows);
  }
  return read_tokenizer_json(tokenizer_json_of_vocab(directory), directory / "vocab.json", special, rows, pre);
}

std::string chat_template_of(const fs::path& directory) {
  const fs::path file = directory / "chat_template.jinja";
  if (fs::exists(file)) return read_text_file(file);
  const fs::path config = directory / "tokenizer_config.json";
  if (!fs::exists(config)) return {};
  const json content = read_json_object(config);
  const json stated = content.value("chat_template", json());
  if (stated.is_string()) return stated.get<std::string>();
  if (!stated.is_array()) return {};
  for (const json& entry : stated) {  // several by name
    const bool is_default = entry.is_object() && entry.value("name", json()) == "default";
    if (const json text = is_default ? entry.value("template", json()) : json(); text.is_string()) return text;
  }
  return {};
}

std::optional<TokenId> id_of(const GgufVocabulary& vocabulary, const std::string& token) {
  const auto found = std::ranges::find(vocabulary.tokens, token);
  if (found == vocabulary.tokens.end()) return std::nullopt;
  return static_cast<TokenId>(found - vocabulary.tokens.begin());
}

std::optional<TokenId> padding_of(const fs::path& directory, const GgufVocabulary& vocabulary) {
  const fs::path config = directory / "tokenizer_config.json";
  if (!fs::exists(config)) return std::nullopt;
  const json content = read_json_object(config);
  const json pad = content.value("pad_token", json());
  if (pad.is_string()) return id_of(vocabulary, pad.get<std::string>());
  const json content_of_pad = pad.is_object() ? pad.value("content", json()) : json();
  return content_of_pad.is_string() ? id_of(vocabulary, content_of_pad.get<std::string>()) : std::nullopt;
}

}  // namespace

GgufVocabulary vocabulary_from_directory(const fs::path& directory, std::int64_t rows, const std::string& pre) {
  const std::unique_ptr<Tokenizer> tokenizer = load_tokenizer(directory);  // says what is wrong with the files
  const SpecialTokens special = read_special_tokens(directory);
  GgufVocabulary vocabulary = read_vocabulary(directory, special, rows, pre);
  vocabulary.bos_id = tokenizer->bos_id();
  vocabulary.eos_id = tokenizer->eos_id();
  vocabulary.pad_id = padding_of(directory, vocabulary);
  const std::vector<TokenId> prefix = tokenizer->default_prefix();
  vocabulary.add_bos = !prefix.empty() && vocabulary.bos_id == prefix.front();
  vocabulary.chat_template = chat_template_of(directory);
  return vocabulary;
}

GgufPairs to_gguf(const GgufVocabulary& vocabulary) {
  GgufPairs pairs;
  const auto key = [](const char* name) { return std::string("tokenizer.ggml.") + name; };
  pairs.set(key("model"), std::string_view(vocabulary.model));
  pairs.set(key("pre"), std::string_view(vocabulary.pre));
  pairs.set(key("tokens"), vocabulary.tokens);
  if (!vocabulary.scores.empty()) pairs.set(key("scores"), vocabulary.scores);
  pairs.set(key("token_type"), vocabulary.token_types);
  if (vocabulary.model == "gpt2") pairs.set(key("merges"), vocabulary.merges);  // also where there are none
  for (const auto& [name, id] : {std::pair{"bos_token_id", vocabulary.bos_id},
                                 {"eos_token_id", vocabulary.eos_id},
                                 {"unknown_token_id", vocabulary.unk_id},
                                 {"padding_token_id", vocabulary.pad_id}}) {
    if (id) pairs.set(key(name), static_cast<std::uint32_t>(*id));
  }
  if (vocabulary.add_bos) pairs.set(key("add_bos_token"), *vocabulary.add_bos);
  if (vocabulary.add_space_prefix) pairs.set(key("add_space_prefix"), *vocabulary.add_space_prefix);
  if (!vocabulary.chat_template.empty()) {
    pairs.set("tokenizer.chat_template", std::string_view(vocabulary.chat_template));
  }
  return pairs;
}

}  // namespace prunenet
