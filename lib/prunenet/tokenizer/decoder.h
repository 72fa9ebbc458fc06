#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace prunenet {

/// Turns the spellings of tokens into text, in place; the text is what is left, put end to end.
using Decoder = std::function<void(std::vector<std::string>&)>;

/// The "decoder" of a tokenizer.json: ByteLevel, Metaspace, ByteFallback, Fuse, Strip, Replace, Sequence; null joins
/// the tokens by spaces. Throws Error(kUnsupported) naming any other.
///
/// Unlike the reference, bytes that are not UTF-8 are kept as they are, so that the text of some ids followed by that
/// of the next ids is the text of all of them.
[[nodiscard]] Decoder make_decoder(const nlohmann::json& component);

}  // namespace prunenet
