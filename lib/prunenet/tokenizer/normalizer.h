#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace prunenet {

/// Rewrites a stretch of text (valid UTF-8) before it is split.
using Normalizer = std::function<std::string(std::string)>;

/// The "normalizer" of a tokenizer.json: null, NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip, Sequence.
/// Throws Error(kUnsupported) naming any other.
[[nodiscard]] Normalizer make_normalizer(const nlohmann::json& component);

}  // namespace prunenet
