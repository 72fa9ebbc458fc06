#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/tokenizer/utf8.h"

namespace prunenet {

/// A regular expression as it stands in a tokenizer.json, which is in Oniguruma's Ruby syntax over Unicode, run by
/// PCRE2 (UTF, UCP, compiled to machine code).
///
/// The pattern is rewritten where the two differ: `\s` is Unicode White_Space (PCRE2 adds U+180E), `\w` has marks and
/// connectors, `^` and `$` are those of lines, a class inside a class is a union, an unqualified script name is Script
/// and not Script_Extensions. Immutable and thread-safe.
class Regex {
 public:
  /// Throws Error(kUnsupported) with the pattern, the offset and PCRE2's reason where it cannot be compiled, or is
  /// longer than 64 KiB.
  explicit Regex(std::string_view pattern);

  /// Appends the matches in `text` (valid UTF-8), left to right and disjoint. An empty match is given once, and not
  /// directly after another match. Throws Error(kUnsupported) where looking for one takes many more steps than the text
  /// has bytes, as patterns like (a|a)*[bc] do, which would not end in years.
  void find_all(std::string_view text, std::vector<TextRange>& matches) const;

 private:
  struct FreeCode {
    void operator()(void* code) const;
  };
  std::string pattern_;
  std::unique_ptr<void, FreeCode> code_;  ///< pcre2_code
};

/// The pattern in PCRE2's syntax. Throws Error(kUnsupported) for what has no counterpart here.
[[nodiscard]] std::string pcre2_pattern(std::string_view oniguruma_pattern);

}  // namespace prunenet
