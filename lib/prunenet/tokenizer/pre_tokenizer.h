#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "prunenet/tokenizer/utf8.h"

namespace prunenet {

/// A text on its way to the model: the pieces are ordered, disjoint and never empty; merges do not cross them.
struct PreTokenized {
  std::string text;
  std::vector<TextRange> pieces;
  bool at_text_start = false;  ///< pieces that begin at 0 begin the whole text (Metaspace asks)
};

/// Splits or respells the pieces.
using PreTokenizer = std::function<void(PreTokenized&)>;

/// The "pre_tokenizer" of a tokenizer.json: null, ByteLevel, Split, Digits, Whitespace, WhitespaceSplit, Punctuation,
/// Metaspace, Sequence. Throws Error(kUnsupported) naming any other.
[[nodiscard]] PreTokenizer make_pre_tokenizer(const nlohmann::json& component);

}  // namespace prunenet
