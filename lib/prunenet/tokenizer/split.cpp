#include "prunenet/tokenizer/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {
namespace {

struct Part {
  TextRange range;
  bool is_match = false;
};

/// The matches and what lies between them, covering [0, size).
std::vector<Part> cover(const std::vector<TextRange>& matches, std::size_t size, bool invert) {
  std::vector<Part> parts;
  std::size_t covered = 0;
  for (const TextRange& match : matches) {
    if (covered != match.begin) parts.push_back({{covered, match.begin}, invert});
    parts.push_back({match, !invert});
    covered = match.end;
  }
  if (covered != size) parts.push_back({{covered, size}, invert});
  return parts;
}

/// Joins neighbours in order: `joins(previous_is_match, is_match)` decides.
template <typename Joins>
std::vector<Part> join(const std::vector<Part>& parts, Joins joins) {
  std::vector<Part> joined;
  bool previous_is_match = false;
  for (const Part& part : parts) {
    if (!joined.empty() && joins(previous_is_match, part.is_match)) {
      joined.back().range.begin = std::min(joined.back().range.begin, part.range.begin);
      joined.back().range.end = std::max(joined.back().range.end, part.range.end);
    } else {
      joined.push_back(part);
    }
    previous_is_match = part.is_match;
  }
  return joined;
}

std::vector<Part> apply_behavior(std::vector<Part> parts, SplitBehavior behavior) {
  const auto lone_match = [](bool previous_is_match, bool is_match) { return is_match && !previous_is_match; };
  switch (behavior) {
    case SplitBehavior::kIsolated:
      return parts;
    case SplitBehavior::kRemoved:
      std::erase_if(parts, [](const Part& part) { return part.is_match; });
      return parts;
    case SplitBehavior::kContiguous:
      return join(parts, [](bool previous_is_match, bool is_match) { return previous_is_match == is_match; });
    case SplitBehavior::kMergedWithPrevious:
      return join(parts, lone_match);
    case SplitBehavior::kMergedWithNext:
      std::reverse(parts.begin(), parts.end());
      parts = join(parts, lone_match);
      std::reverse(parts.begin(), parts.end());
      return parts;
  }
  return parts;
}

}  // namespace

SplitBehavior parse_split_behavior(std::string_view name) {
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  throw Error(ErrorKind::kBadInput, fmt::format("split behavior \"{}\" does not exist", printable(name)));
}

void split_pieces(PreTokenized& state, const Finder& find, SplitBehavior behavior, bool invert) {
  std::vector<TextRange> pieces;
  pieces.reserve(state.pieces.size());
  std::vector<TextRange> matches;
  for (const TextRange& piece : state.pieces) {
    matches.clear();
    find(std::string_view(state.text).substr(piece.begin, piece.end - piece.begin), matches);
    for (const Part& part : apply_behavior(cover(matches, piece.end - piece.begin, invert), behavior)) {
      if (!part.range.empty()) pieces.push_back({piece.begin + part.range.begin, piece.begin + part.range.end});
    }
  }
  state.pieces = std::move(pieces);
}

Finder characters_that(bool (*is_match)(char32_t)) {
  return [is_match](std::string_view text, std::vector<TextRange>& matches) {
    for (std::size_t position = 0; position < text.size();) {
      const Utf8Character character = character_at(text, position);
      if (is_match(character.code_point)) matches.push_back({position, position + character.length});
      position += character.length;
    }
  };
}

}  // namespace prunenet
