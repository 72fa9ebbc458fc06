#pragma once

#include <string_view>

#include "prunenet/tokenizer/json_fields.h"
#include "prunenet/tokenizer/pre_tokenizer.h"

namespace prunenet {

/// What becomes of a match that pieces are split at (SplitDelimiterBehavior of huggingface/tokenizers).
enum class SplitBehavior {
  kRemoved,             ///< dropped
  kIsolated,            ///< a piece of its own
  kMergedWithPrevious,  ///< joins what stands before it, unless that is a match too
  kMergedWithNext,      ///< joins what stands behind it, unless that is a match too
  kContiguous,          ///< neighbouring matches are one piece
};

/// Throws Error(kBadInput) for a name that does not exist.
[[nodiscard]] SplitBehavior parse_split_behavior(std::string_view name);

/// Splits every piece at the matches of `find`; with `invert`, at what lies between them.
void split_pieces(PreTokenized& state, const Finder& find, SplitBehavior behavior, bool invert);

/// Finds every single character that `is_match` holds for.
[[nodiscard]] Finder characters_that(bool (*is_match)(char32_t));

}  // namespace prunenet
