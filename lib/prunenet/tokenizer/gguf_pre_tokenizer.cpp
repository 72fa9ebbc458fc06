#include "prunenet/tokenizer/gguf_pre_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {
namespace {

using nlohmann::json;

constexpr auto kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// The pattern that GPT-4's cl100k began and LLaMA 3 and Qwen 2 vary, with `digits` for a run of numbers.
std::string cl100k(std::string_view digits, std::string_view letters = R"(\p{L}+)", std::string_view not_letter = "") {
  return fmt::format(
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?{}|{}| ?[^\s\p{{L}}{}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      letters, digits, not_letter);
}

/// GPT-4o's o200k pattern, with `digits` for a run of numbers and `suffix` behind a word.
std::string o200k(std::string_view digits, std::string_view suffix) {
  constexpr std::string_view kUpper = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])";
  constexpr std::string_view kLower = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";
  return fmt::format(R"([^\r\n\p{{L}}\p{{N}}]?{0}*{1}+{2}|[^\r\n\p{{L}}\p{{N}}]?{0}+{1}*{2}|{3})"
                     R"(| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
                     kUpper, kLower, suffix, digits);
}

json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

/// One Split after the other, each isolating its matches, then the bytes.
json splits(std::initializer_list<std::string> patterns) {
  json parts = json::array();
  for (const std::string& pattern : patterns) {
    parts.push_back(
        {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}});
  }
  parts.push_back(byte_level(false));
  return {{"type", "Sequence"}, {"pretokenizers", parts}};
}

json digits_and_gpt2() {
  return {{"type", "Sequence"},
          {"pretokenizers", {{{"type", "Digits"}, {"individual_digits", true}}, byte_level(true)}}};
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Without what makes no difference to the ids, and with what is left out where it has its default.
json canonical(json component) {
  component.erase("trim_offsets");
  component.erase("invert");
  if (component.value("type", "") == "ByteLevel") {
    component["use_regex"] = component.value("use_regex", true);
    component["add_prefix_space"] = component.value("add_prefix_space", true);
  }
  if (component.contains("pretokenizers")) {
    for (json& part : component["pretokenizers"]) part = canonical(part);
    if (component["pretokenizers"].size() == 1) return component["pretokenizers"][0];
  }
  return component;
}

/// As Falcon's own tokenizer.json spells its pre-tokenizer.
json falcon_as_published() {
  return {{"type", "Sequence"},
          {"pretokenizers",
           {{{"type", "Punctuation"}, {"behavior", "Contiguous"}},
            byte_level(true),
            {{"type", "Digits"}, {"individual_digits", false}},
            {{"type", "Split"}, {"pattern", {{"Regex", "[0-9][0-9][0-9]"}}}, {"behavior", "Isolated"}}}}};
}

}  // namespace

std::string_view gguf_pre_tokenizer_name(const json& pre_tokenizer) {
  constexpr std::array<std::string_view, 10> kNames{"gpt-2",  "starcoder", "llama-bpe", "dbrx",   "qwen2",
                                                    "qwen35", "tekken",    "gpt-4o",    "falcon", "default"};
  const json wanted = canonical(pre_tokenizer.is_object() ? pre_tokenizer : json::object());
  for (const std::string_view name : kNames) {
    if (canonical(gguf_pre_tokenizer(name).pre_tokenizer) == wanted) return name;
  }
  if (canonical(falcon_as_published()) == wanted) return "falcon";
  throw Error(
      ErrorKind::kUnsupported,
      fmt::format("pre_tokenizer {} of tokenizer.json is none that llama.cpp has; if one of its names stands for "
                  "the same splits, say which",
                  printable_json(pre_tokenizer)));
}

GgufPreTokenizer gguf_pre_tokenizer(std::string_view name) {
  const json nfc = {{"type", "NFC"}};
  if (name.empty() || name == "default") {
    return {nullptr, splits({R"([\p{P}\$\+<=>\^~\|]+)", kGpt2, R"(\p{N}+)", "[0-9][0-9][0-9]"})};
  }
  // "smollm" too: transformers, by which ids are judged here, reads such a file with the GPT-2 pattern alone. (The
  // model's first tokenizer.json isolates digits before it, which tells only in runs of white space before a digit and
  // in numbers like U+00BD: 8 of the 268,279 tokens of WikiText-2's validation text.)
  if (is_one_of(name, {"gpt-2", "smollm", "phi-2", "mpt", "olmo", "jais", "trillion", "exaone4", "gigachat", "a.x-4.0",
                       "mellum", "granite-docling"})) {
    return {nullptr, byte_level(true)};
  }
  if (is_one_of(name, {"starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"})) {
    return {nullptr, digits_and_gpt2()};
  }
  if (is_one_of(name, {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"})) {
    return {nullptr, splits({cl100k(R"(\p{N}{1,3})")}), true, true};
  }
  if (is_one_of(name, {"dbrx", "smaug-bpe", "glm4", "chatglm-bpe"}))
    return {nullptr, splits({cl100k(R"(\p{N}{1,3})")})};
  if (name == "qwen2") return {nfc, splits({cl100k(R"(\p{N})")})};
  if (name == "qwen35") return {nfc, splits({cl100k(R"(\p{N})", R"([\p{L}\p{M}]+)", R"(\p{M})")})};
  if (is_one_of(name, {"deepseek-r1-qwen", "stablelm2", "megrez", "kormo", "hunyuan", "solar-open", "grok-2"})) {
    return {nullptr, splits({cl100k(R"(\p{N})")})};
  }
  if (name == "tekken") return {nullptr, splits({o200k(R"(\p{N})", "")}), true, true};
  if (is_one_of(name, {"gpt-4o", "llama4", "kanana2", "minimax-m2"})) {
    return {nullptr, splits({o200k(R"(\p{N}{1,3})", "(?i:'s|'t|'re|'ve|'m|'ll|'d)?")})};
  }
  if (name == "deepseek-coder") {
    return {nullptr, splits({"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", "[一-龥ࠀ-一가-퟿]+", R"(\p{N})"})};
  }
  if (name == "falcon") {
    return {nullptr, splits({R"([\p{P}\$\+<=>\^~\|`]+)", kGpt2, "[0-9][0-9][0-9]"})};
  }
  throw Error(ErrorKind::kUnsupported,
              fmt::format("GGUF pre-tokenizer \"{}\" is not supported (known are default, gpt-2, smollm, llama-bpe, "
                          "qwen2, tekken, gpt-4o, deepseek-coder, falcon and their aliases)",
                          printable(name)));
}

}  // namespace prunenet
