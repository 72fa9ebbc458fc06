#pragma once

#include <string>
#include <string_view>

namespace prunenet {

/// Text as it may stand in an element or a quoted attribute: markup escaped, control characters replaced.
[[nodiscard]] std::string escape_html(std::string_view text);

/// Replaces every occurrence.
[[nodiscard]] std::string replace_all(std::string text, std::string_view what, std::string_view by);

}  // namespace prunenet
