#include "prunenet/eval/choice_request.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

/// White space as Python's str.rstrip() sees it, for text in UTF-8: the ASCII ones, NEL, NBSP and the Unicode spaces.
std::size_t trailing_space(std::string_view text) {
  constexpr std::string_view kAscii = " \t\n\r\v\f\x1c\x1d\x1e\x1f";
  constexpr std::array<std::string_view, 19> kUnicode{
      "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
      "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  std::size_t end = text.size();
  while (end > 0) {
    const std::string_view head = text.substr(0, end);
    const auto* found = std::find_if(kUnicode.begin(), kUnicode.end(), [head](auto s) { return head.ends_with(s); });
    if (found != kUnicode.end()) {
      end -= found->size();
    } else if (kAscii.find(head.back()) != std::string_view::npos) {
      --end;
    } else {
      break;
    }
  }
  return text.size() - end;
}

}  // namespace

ChoiceRequestMaker::ChoiceRequestMaker(const Tokenizer& tokenizer, std::int64_t most)
    : tokenizer_(tokenizer), most_(static_cast<std::size_t>(most)) {
  const std::vector<TokenId> prefix = tokenizer.default_prefix();
  prefix_.assign(prefix.begin(), prefix.end());
  if (const auto start = tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id()) start_ = *start;
}

TokenIds ChoiceRequestMaker::encode(const std::string& text) const {
  const std::vector<TokenId> ids = tokenizer_.encode(text);
  return {ids.begin(), ids.end()};
}

TokenIds ChoiceRequestMaker::with_prefix(const std::string& text) const {
  TokenIds ids = prefix_;
  const TokenIds own = encode(text);
  ids.insert(ids.end(), own.begin(), own.end());
  return ids;
}

std::int64_t ChoiceRequestMaker::start() const {
  if (start_) return *start_;
  throw Error(ErrorKind::kUnsupported, "an empty context needs a BOS or EOS token, and the tokenizer has neither");
}

ChoiceRequest ChoiceRequestMaker::make(const std::string& context, const std::string& ending) const {
  const std::size_t space = trailing_space(context);
  const std::string head = context.substr(0, context.size() - space);
  const std::string tail = context.substr(context.size() - space) + " " + ending;
  ChoiceRequest request;
  TokenIds continuation;
  if (head.empty()) {
    request.ids = {start()};
    continuation = encode(tail);
  } else {
    request.ids = with_prefix(head);
    const TokenIds whole = with_prefix(head + tail);
    const auto own = static_cast<std::ptrdiff_t>(std::min(request.ids.size(), whole.size()));
    continuation.assign(whole.begin() + own, whole.end());
  }
  request.ids.insert(request.ids.end(), continuation.begin(), continuation.end());
  request.continuation = continuation.size();
  if (request.ids.size() > most_ + 1) {
    request.ids.erase(request.ids.begin(), request.ids.end() - static_cast<std::ptrdiff_t>(most_ + 1));
    request.continuation = std::min(request.continuation, request.ids.size() - 1);
  }
  return request;
}

}  // namespace prunenet
