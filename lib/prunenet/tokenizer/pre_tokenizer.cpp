#include "prunenet/tokenizer/pre_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/byte_level.h"
#include "prunenet/tokenizer/json_fields.h"
#include "prunenet/tokenizer/split.h"

namespace prunenet {
namespace {

using nlohmann::json;

// openai/gpt-2 src/encoder.py
constexpr auto kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// `\w+|[^\w\s]+`, in which the reference implementation's Whitespace has the `\w` of Rust.
constexpr auto kWordsPattern =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\s]+)";
constexpr std::string_view kDefaultMetaspace = "\u2581";

/// New spelling of every piece: `respell(piece, starts_the_text, text)` appends it.
template <typename Respell>
void respell_pieces(PreTokenized& state, Respell respell) {
  std::string text;
  text.reserve(state.text.size() + state.text.size() / 4 + 8);
  const bool first_begins = state.at_text_start && !state.pieces.empty() && state.pieces.front().begin == 0;
  bool first = first_begins;
  for (TextRange& piece : state.pieces) {
    const std::size_t begin = text.size();
    respell(std::string_view(state.text).substr(piece.begin, piece.end - piece.begin), first, text);
    piece = {begin, text.size()};
    first = false;
  }
  state.text = std::move(text);
  state.at_text_start = first_begins;
}

PreTokenizer make_split(const json& component) {
  const SplitBehavior behavior = parse_split_behavior(component.at("behavior").get<std::string>());
  return [find = make_finder(component.at("pattern")), behavior, invert = flag(component, "invert", false)](
             PreTokenized& state) { split_pieces(state, find, behavior, invert); };
}

PreTokenizer make_byte_level(const json& component) {
  const bool prefix_space = flag(component, "add_prefix_space", true);
  const bool use_regex = flag(component, "use_regex", true);
  return [prefix_space, use_regex, find = make_finder({{"Regex", kGpt2Pattern}})](PreTokenized& state) {
    if (prefix_space) {
      respell_pieces(state, [](std::string_view piece, bool /*first*/, std::string& text) {
        if (!piece.starts_with(' ')) text.push_back(' ');
        text += piece;
      });
    }
    if (use_regex) split_pieces(state, find, SplitBehavior::kIsolated, false);
    respell_pieces(state,
                   [](std::string_view piece, bool /*first*/, std::string& text) { append_byte_level(piece, text); });
  };
}

PreTokenizer make_metaspace_pre_tokenizer(const json& component) {
  std::string scheme = component.value("prepend_scheme", "always");
  if (!flag(component, "add_prefix_space", true)) scheme = "never";
  if (scheme != "always" && scheme != "first" && scheme != "never") {
    throw Error(ErrorKind::kBadInput,
                fmt::format("Metaspace has prepend_scheme \"{}\", which does not exist", printable(scheme)));
  }
  const std::string mark = character(component, "replacement", kDefaultMetaspace);
  return [scheme, mark, split = flag(component, "split", true),
          find = make_finder({{"String", mark}})](PreTokenized& state) {
    respell_pieces(state, [&](std::string_view piece, bool first, std::string& text) {
      const bool prepend = scheme == "always" || (scheme == "first" && first);
      if (prepend && !piece.starts_with(' ') && !piece.starts_with(mark)) text += mark;
      for (const char c : piece) c == ' ' ? text += mark : text += c;
    });
    if (split) split_pieces(state, find, SplitBehavior::kMergedWithNext, false);
  };
}

PreTokenizer make_pre_tokenizer_sequence(const json& components) {
  std::vector<PreTokenizer> parts;
  for (const json& component : components) parts.push_back(make_pre_tokenizer(component));
  return [parts = std::move(parts)](PreTokenized& state) {
    const std::size_t before = state.text.size();
    for (const PreTokenizer& part : parts) {
      part(state);
      check_growth(before, state.text.size(), kMaxSequenceGrowth);
    }
  };
}

PreTokenizer split_at(bool (*is_match)(char32_t), SplitBehavior behavior) {
  return
      [find = characters_that(is_match), behavior](PreTokenized& state) { split_pieces(state, find, behavior, false); };
}

}  // namespace

PreTokenizer make_pre_tokenizer(const json& component) {
  if (component.is_null()) return [](PreTokenized&) {};
  const std::string type = component_type(component, "pre_tokenizer");
  if (type == "Sequence") return make_pre_tokenizer_sequence(component.at("pretokenizers"));
  if (type == "ByteLevel") return make_byte_level(component);
  if (type == "Metaspace") return make_metaspace_pre_tokenizer(component);
  if (type == "Split") return make_split(component);
  if (type == "Digits") {
    return split_at(is_numeric, flag(component, "individual_digits", false) ? SplitBehavior::kIsolated
                                                                            : SplitBehavior::kContiguous);
  }
  if (type == "WhitespaceSplit") return split_at(is_white_space, SplitBehavior::kRemoved);
  if (type == "Punctuation") {
    return split_at(is_punctuation, parse_split_behavior(component.value("behavior", "Isolated")));
  }
  if (type == "Whitespace") {
    return [find = make_finder({{"Regex", kWordsPattern}})](PreTokenized& state) {
      split_pieces(state, find, SplitBehavior::kRemoved, true);
    };
  }
  throw_unsupported("pre_tokenizer", type);
}

}  // namespace prunenet
