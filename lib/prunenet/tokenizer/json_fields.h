#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/tokenizer/tokenizer.h"
#include "prunenet/tokenizer/utf8.h"

namespace prunenet {

/// Reading the components of a tokenizer.json. A missing or mistyped field is nlohmann's exception, which
/// `load_tokenizer_json` turns into Error(kBadInput).

/// The "type" of a component that stands at `place` ("decoder"). Throws Error(kBadInput) where it has none.
[[nodiscard]] std::string component_type(const nlohmann::json& component, std::string_view place);

/// Error(kUnsupported) that names the component.
[[noreturn]] void throw_unsupported(std::string_view place, std::string_view type);

/// A boolean field; `otherwise` where it is missing or null. Throws Error(kBadInput) for anything else.
[[nodiscard]] bool flag(const nlohmann::json& component, const char* key, bool otherwise);

/// A string field of one character; `otherwise` where it is missing. Throws Error(kBadInput) where it is longer.
[[nodiscard]] std::string character(const nlohmann::json& component, const char* key, std::string_view otherwise);

/// A token's id. Throws Error(kBadInput), with what has it ("added token \"<s>\""), where the value is not an integer
/// in [0, kMaximumTokenId].
[[nodiscard]] TokenId token_id(const nlohmann::json& value, const std::string& owner);

/// Throws Error(kUnsupported) where a component at `place` is made of more parts than any tokenizer has.
void check_parts(const nlohmann::json& component, std::string_view place);

/// Throws Error(kUnsupported) where a text has grown from `before` to `after` bytes by more than `factor` allows.
/// Components of a sequence each multiply what the one before has left, so that a short file could fill all memory; the
/// most that is needed is 11 (U+FDFA in form NFKC).
void check_growth(std::size_t before, std::size_t after, std::size_t factor);
inline constexpr std::size_t kMaxGrowth = 16;
inline constexpr std::size_t kMaxSequenceGrowth = 64;

/// Appends the disjoint matches in a text, left to right.
using Finder = std::function<void(std::string_view, std::vector<TextRange>&)>;

/// Of {"String": literal} or {"Regex": pattern}. Throws Error(kBadInput) for another form or an empty literal.
[[nodiscard]] Finder make_finder(const nlohmann::json& pattern);

/// `text` with every match replaced by `content`. Throws what `check_growth` throws.
[[nodiscard]] std::string replace_matches(const Finder& find, std::string_view text, std::string_view content);

}  // namespace prunenet
