#include "prunenet/tokenizer/added_tokens.h"

#include <algorithm>

namespace prunenet {
namespace {

bool touches_word(std::string_view text, const TextRange& match) {
  return (match.begin > 0 && is_word_character(character_at(text, previous_character(text, match.begin)).code_point)) ||
         (match.end < text.size() && is_word_character(character_at(text, match.end).code_point));
}

std::size_t skip_space_left(std::string_view text, std::size_t begin, std::size_t limit) {
  while (begin > limit) {
    const std::size_t previous = previous_character(text, begin);
    if (!is_white_space(character_at(text, previous).code_point)) break;
    begin = previous;
  }
  return begin;
}

std::size_t skip_space_right(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    const Utf8Character character = character_at(text, end);
    if (!is_white_space(character.code_point)) break;
    end += character.length;
  }
  return end;
}

}  // namespace

void AddedTokenMatcher::add(const AddedToken& token, const std::string& spelling) {
  if (spelling.empty()) return;
  first_bytes_[static_cast<unsigned char>(spelling.front())] = true;
  std::uint32_t node = 0;
  for (const char byte : spelling) {
    const auto [edge, is_new] = edges_.try_emplace(node * 256ULL + static_cast<unsigned char>(byte), nodes_);
    if (is_new) ++nodes_;
    node = edge->second;
  }
  ends_.try_emplace(node, token);
}

std::optional<AddedTokenMatcher::Match> AddedTokenMatcher::longest_at(std::string_view text,
                                                                      std::size_t position) const {
  std::optional<Match> longest;
  std::uint32_t node = 0;
  for (std::size_t end = position; end < text.size();) {
    const auto edge = edges_.find(node * 256ULL + static_cast<unsigned char>(text[end]));
    if (edge == edges_.end()) break;
    node = edge->second;
    ++end;
    if (const auto found = ends_.find(node); found != ends_.end()) longest = Match{end, &found->second};
  }
  return longest;
}

std::vector<AddedTokenMatcher::Part> AddedTokenMatcher::split(std::string_view text) const {
  std::vector<Part> parts;
  std::size_t covered = 0;
  for (std::size_t position = 0; position < text.size();) {
    const auto match =
        first_bytes_[static_cast<unsigned char>(text[position])] ? longest_at(text, position) : std::nullopt;
    if (!match) {
      ++position;
      continue;
    }
    TextRange range{position, match->end};
    position = match->end;
    if (match->token->single_word && touches_word(text, range)) continue;
    if (match->token->lstrip) range.begin = skip_space_left(text, range.begin, covered);
    if (match->token->rstrip) range.end = skip_space_right(text, range.end);
    if (covered < range.begin) parts.push_back({{covered, range.begin}, nullptr});
    parts.push_back({range, match->token});
    covered = range.end;
  }
  if (covered < text.size()) parts.push_back({{covered, text.size()}, nullptr});
  return parts;
}

}  // namespace prunenet
