#include "prunenet/tokenizer/gguf_vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/output_file.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/bpe.h"
#include "prunenet/tokenizer/gguf_pre_tokenizer.h"
#include "prunenet/tokenizer/utf8.h"

namespace prunenet {
namespace {

using nlohmann::json;
using ordered_json = nlohmann::ordered_json;

constexpr auto kMetaspace = "\u2581";
/// Every split of a token is looked at where there are no merges: longer ones would take the square of their length.
/// The longest of known models, runs of spaces and dashes, have a quarter of it.
constexpr std::size_t kMaxTokenBytes = 1024;

GgufTokenType type_of(const GgufVocabulary& vocabulary, std::size_t id) {
  return vocabulary.token_types.empty() ? GgufTokenType::kNormal
                                        : static_cast<GgufTokenType>(vocabulary.token_types[id]);
}

/// JSON files hold nothing else. `index` stands in the message where there are several.
void require_utf8(std::string_view text, const char* what, std::optional<std::size_t> index = {}) {
  const auto runs = split_valid_utf8(text);
  if (runs.empty() || (runs.size() == 1 && runs[0].valid)) return;
  throw Error(ErrorKind::kBadInput,
              fmt::format("GGUF vocabulary: {}{} is not UTF-8", what, index ? fmt::format(" {}", *index) : ""));
}

void check_consistency(const GgufVocabulary& vocabulary) {
  const std::size_t size = vocabulary.tokens.size();
  const auto check_length = [&](std::string_view name, std::size_t length) {
    if (length == 0 || length == size) return;
    throw Error(ErrorKind::kBadInput, fmt::format("GGUF vocabulary has {} tokens, but {} {}", size, length, name));
  };
  if (size == 0) throw Error(ErrorKind::kBadInput, "GGUF vocabulary has no tokens");
  check_length("token types", vocabulary.token_types.size());
  check_length("scores", vocabulary.scores.size());
  for (const auto& [name, id] : {std::pair{"bos", vocabulary.bos_id},
                                 {"eos", vocabulary.eos_id},
                                 {"unknown", vocabulary.unk_id},
                                 {"padding", vocabulary.pad_id}}) {
    if (id && (*id < 0 || static_cast<std::size_t>(*id) >= size)) {
      throw Error(ErrorKind::kBadInput,
                  fmt::format("GGUF vocabulary has {} tokens, but {}_token_id is {}", size, name, *id));
    }
  }
  for (std::size_t id = 0; id < vocabulary.scores.size(); ++id) {
    if (std::isfinite(vocabulary.scores[id])) continue;
    throw Error(ErrorKind::kBadInput,
                fmt::format("GGUF vocabulary: the score of token {} is {}", id, vocabulary.scores[id]));
  }
  for (std::size_t id = 0; id < size; ++id) {
    if (vocabulary.tokens[id].size() > kMaxTokenBytes) {
      throw Error(ErrorKind::kUnsupported, fmt::format("GGUF vocabulary: token {} has {} bytes, at most {} are allowed",
                                                       id, vocabulary.tokens[id].size(), kMaxTokenBytes));
    }
    require_utf8(vocabulary.tokens[id], "token", id);
  }
  for (std::size_t i = 0; i < vocabulary.merges.size(); ++i) require_utf8(vocabulary.merges[i], "merge", i);
  require_utf8(vocabulary.chat_template, "chat template");
}

/// Ids by token. A token that stands there twice cannot be in a tokenizer.json.
ordered_json vocabulary_object(const GgufVocabulary& vocabulary) {
  ordered_json object = ordered_json::object();
  StringMap<std::size_t> seen;
  auto& entries = object.get_ref<ordered_json::object_t&>();  // its own insertion would look for each key in turn
  entries.reserve(vocabulary.tokens.size());
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const auto [first, is_new] = seen.emplace(vocabulary.tokens[id], id);
    if (!is_new) {
      throw Error(ErrorKind::kBadInput, fmt::format("GGUF vocabulary: tokens {} and {} are both \"{}\"", first->second,
                                                    id, printable(vocabulary.tokens[id])));
    }
    entries.emplace_back(vocabulary.tokens[id], id);
  }
  return object;
}

ordered_json added_tokens(const GgufVocabulary& vocabulary) {
  ordered_json added = ordered_json::array();
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const GgufTokenType type = type_of(vocabulary, id);
    const bool special = type == GgufTokenType::kControl || type == GgufTokenType::kUnknown;
    if (!special && type != GgufTokenType::kUserDefined) continue;
    added.push_back({{"id", id},
                     {"content", vocabulary.tokens[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", special}});
  }
  return added;
}

/// Every split of a normal token into two tokens, best score first; of one score, the longer left part first.
ordered_json merges_from_scores(const GgufVocabulary& vocabulary) {
  struct ScoredMerge {
    float score = 0;
    std::string_view left;
    std::string_view right;
  };
  StringMap<std::size_t> ids;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (type_of(vocabulary, id) == GgufTokenType::kNormal) ids.emplace(vocabulary.tokens[id], id);
  }
  std::vector<ScoredMerge> merges;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::string_view token = vocabulary.tokens[id];
    if (token.empty() || type_of(vocabulary, id) != GgufTokenType::kNormal) continue;
    for (std::size_t at = character_at(token, 0).length; at < token.size(); at += character_at(token, at).length) {
      const std::string_view left = token.substr(0, at);
      const std::string_view right = token.substr(at);
      if (ids.contains(left) && ids.contains(right)) merges.push_back({vocabulary.scores[id], left, right});
    }
  }
  std::stable_sort(merges.begin(), merges.end(), [](const ScoredMerge& a, const ScoredMerge& b) {
    return a.score != b.score ? a.score > b.score : a.left.size() > b.left.size();
  });
  ordered_json result = ordered_json::array();
  for (const ScoredMerge& merge : merges) result.push_back({merge.left, merge.right});
  return result;
}

/// `[bos] text`, where the tokenizer puts it there.
ordered_json bos_template(const GgufVocabulary& vocabulary) {
  const std::string bos = vocabulary.tokens[static_cast<std::size_t>(*vocabulary.bos_id)];
  const auto special = [&](int type) { return ordered_json{{"SpecialToken", {{"id", bos}, {"type_id", type}}}}; };
  const auto sequence = [](const char* id, int type) {
    return ordered_json{{"Sequence", {{"id", id}, {"type_id", type}}}};
  };
  return {
      {"type", "TemplateProcessing"},
      {"single", {special(0), sequence("A", 0)}},
      {"pair", {special(0), sequence("A", 0), special(1), sequence("B", 1)}},
      {"special_tokens",
       {{bos,
         {{"id", bos}, {"ids", ordered_json::array({*vocabulary.bos_id})}, {"tokens", ordered_json::array({bos})}}}}}};
}

ordered_json bpe_model(const GgufVocabulary& vocabulary, bool byte_fallback, bool ignore_merges, ordered_json merges) {
  const ordered_json unk = byte_fallback && vocabulary.unk_id
                               ? ordered_json(vocabulary.tokens[static_cast<std::size_t>(*vocabulary.unk_id)])
                               : ordered_json();
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", unk},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", byte_fallback},
          {"byte_fallback", byte_fallback},
          {"ignore_merges", ignore_merges},
          {"vocab", vocabulary_object(vocabulary)},
          {"merges", std::move(merges)}};
}

ordered_json byte_level_tokenizer(const GgufVocabulary& vocabulary, const GgufPreTokenizer& pre) {
  const ordered_json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  return {{"normalizer", pre.normalizer},
          {"pre_tokenizer", pre.pre_tokenizer},
          {"post_processor", byte_level},
          {"decoder", byte_level},
          {"model", bpe_model(vocabulary, false, pre.ignore_merges, vocabulary.merges)}};
}

ordered_json sentencepiece_tokenizer(const GgufVocabulary& vocabulary) {
  if (vocabulary.scores.empty() && vocabulary.merges.empty()) {
    throw Error(ErrorKind::kBadInput, "GGUF vocabulary of model \"llama\" has neither scores nor merges");
  }
  const auto replace = [](const char* what, const char* by) {
    return ordered_json{{"type", "Replace"}, {"pattern", {{"String", what}}}, {"content", by}};
  };
  ordered_json normalizers = ordered_json::array({replace(" ", kMetaspace)});
  ordered_json decoders = {replace(kMetaspace, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (vocabulary.add_space_prefix.value_or(true)) {
    normalizers.insert(normalizers.begin(), ordered_json{{"type", "Prepend"}, {"prepend", kMetaspace}});
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  return {{"normalizer", {{"type", "Sequence"}, {"normalizers", normalizers}}},
          {"pre_tokenizer", nullptr},
          {"post_processor", nullptr},
          {"decoder", {{"type", "Sequence"}, {"decoders", decoders}}},
          {"model",
           bpe_model(vocabulary, true, false,
                     vocabulary.merges.empty() ? merges_from_scores(vocabulary) : ordered_json(vocabulary.merges))}};
}

/// bos_token and its like by name.
ordered_json special_tokens_map(const GgufVocabulary& vocabulary) {
  ordered_json map = ordered_json::object();
  for (const auto& [name, id] : {std::pair{"bos_token", vocabulary.bos_id},
                                 {"eos_token", vocabulary.eos_id},
                                 {"unk_token", vocabulary.unk_id},
                                 {"pad_token", vocabulary.pad_id}}) {
    if (id) map[name] = vocabulary.tokens[static_cast<std::size_t>(*id)];
  }
  return map;
}

ordered_json tokenizer_config(const GgufVocabulary& vocabulary, bool add_bos) {
  ordered_json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                         {"add_bos_token", add_bos},
                         {"clean_up_tokenization_spaces", false}};
  config.update(special_tokens_map(vocabulary));
  if (vocabulary.context_length > 0) config["model_max_length"] = vocabulary.context_length;
  if (!vocabulary.chat_template.empty()) config["chat_template"] = vocabulary.chat_template;
  return config;
}

}  // namespace

TokenizerFiles tokenizer_files(const GgufVocabulary& vocabulary) {
  if (vocabulary.model != "gpt2" && vocabulary.model != "llama") {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("GGUF tokenizer model \"{}\" is not supported (known are gpt2 and llama)",
                            printable(vocabulary.model)));
  }
  check_consistency(vocabulary);
  const bool byte_level = vocabulary.model == "gpt2";
  const GgufPreTokenizer pre =
      byte_level ? gguf_pre_tokenizer(vocabulary.pre) : GgufPreTokenizer{nullptr, nullptr, false, true};
  const bool add_bos = vocabulary.add_bos.value_or(pre.add_bos) && vocabulary.bos_id.has_value();

  ordered_json file = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  file["added_tokens"] = added_tokens(vocabulary);
  file.update(byte_level ? byte_level_tokenizer(vocabulary, pre) : sentencepiece_tokenizer(vocabulary));
  if (add_bos) file["post_processor"] = bos_template(vocabulary);
  return {std::move(file), tokenizer_config(vocabulary, add_bos), special_tokens_map(vocabulary)};
}

void write_tokenizer_files(const GgufVocabulary& vocabulary, const std::filesystem::path& directory) {
  const TokenizerFiles files = tokenizer_files(vocabulary);
  write_file_atomically(directory / "tokenizer.json", files.tokenizer.dump(1) + "\n");
  write_file_atomically(directory / "tokenizer_config.json", files.tokenizer_config.dump(2) + "\n");
  write_file_atomically(directory / "special_tokens_map.json", files.special_tokens_map.dump(2) + "\n");
}

}  // namespace prunenet
