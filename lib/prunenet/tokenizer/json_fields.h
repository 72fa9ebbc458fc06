#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/tokenizer/utf8.h"

namespace prunenet {

/// Reading the components of a tokenizer.json. A missing or mistyped field is nlohmann's exception, which
/// `load_tokenizer_json` turns into Error(kBadInput).

/// The "type" of a component that stands at `place` ("decoder"). Throws Error(kBadInput) where it has none.
[[nodiscard]] std::string component_type(const nlohmann::json& component, std::string_view place);

/// Error(kUnsupported) that names the component.
[[noreturn]] void throw_unsupported(std::string_view place, std::string_view type);

/// A boolean field; `otherwise` where it is missing or null.
[[nodiscard]] bool flag(const nlohmann::json& component, const char* key, bool otherwise);

/// A string field of one character; `otherwise` where it is missing. Throws Error(kBadInput) where it is longer.
[[nodiscard]] std::string character(const nlohmann::json& component, const char* key, std::string_view otherwise);

/// Appends the disjoint matches in a text, left to right.
using Finder = std::function<void(std::string_view, std::vector<TextRange>&)>;

/// Of {"String": literal} or {"Regex": pattern}. Throws Error(kBadInput) for another form or an empty literal.
[[nodiscard]] Finder make_finder(const nlohmann::json& pattern);

/// `text` with every match replaced by `content`.
[[nodiscard]] std::string replace_matches(const Finder& find, std::string_view text, std::string_view content);

}  // namespace prunenet
