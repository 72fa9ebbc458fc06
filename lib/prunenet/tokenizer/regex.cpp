#include "prunenet/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {
namespace {

constexpr std::size_t kMaxPatternBytes = 1U << 16U;

struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeCompileContext {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};
struct FreeMatchContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

std::string pcre2_message(int code) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

PCRE2_SPTR subject_of(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

std::uint32_t sum_as_u32(std::size_t base, std::size_t more) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(base + more, std::numeric_limits<std::uint32_t>::max()));
}

/// Steps and memory in proportion to the text: a pattern that backtracks over all ways to match does not end otherwise.
std::unique_ptr<pcre2_match_context, FreeMatchContext> limits_for(std::string_view text) {
  std::unique_ptr<pcre2_match_context, FreeMatchContext> context(pcre2_match_context_create(nullptr));
  const std::uint32_t steps = sum_as_u32(100'000, 64 * text.size());
  pcre2_set_match_limit(context.get(), steps);
  pcre2_set_depth_limit(context.get(), steps);
  pcre2_set_heap_limit(context.get(),
                       sum_as_u32(20'000, text.size() / 2));  // KiB; a step that is kept takes about 128 bytes
  return context;
}

}  // namespace

void Regex::FreeCode::operator()(void* code) const {
  pcre2_code_free(static_cast<pcre2_code*>(code));
}

Regex::Regex(std::string_view pattern) : pattern_(pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    throw Error(ErrorKind::kUnsupported, fmt::format("pattern \"{}\" has {} bytes, at most {} are allowed",
                                                     printable(pattern), pattern.size(), kMaxPatternBytes));
  }
  const std::string translated = pcre2_pattern(pattern);
  const std::unique_ptr<pcre2_compile_context, FreeCompileContext> context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int code = 0;
  PCRE2_SIZE offset = 0;
  code_.reset(pcre2_compile(subject_of(translated), translated.size(),
                            PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &code, &offset,
                            context.get()));
  if (!code_) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("pattern \"{}\" cannot be compiled: {} at byte {} of \"{}\"", printable(pattern),
                            pcre2_message(code), offset, printable(translated)));
  }
  pcre2_jit_compile(static_cast<pcre2_code*>(code_.get()), PCRE2_JIT_COMPLETE);  // without it, matching is only slower
}

void Regex::find_all(std::string_view text, std::vector<TextRange>& matches) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const auto limits = limits_for(text);
  const std::unique_ptr<pcre2_match_data, FreeMatchData> data(pcre2_match_data_create(1, nullptr));
  std::size_t start = 0;
  std::size_t last_end = std::string_view::npos;
  while (start <= text.size()) {
    const auto match = [&](std::uint32_t options) {
      return pcre2_match(code, subject_of(text), text.size(), start, PCRE2_NO_UTF_CHECK | options, data.get(),
                         limits.get());
    };
    int count = match(0);
    if (count == PCRE2_ERROR_JIT_STACKLIMIT) count = match(PCRE2_NO_JIT);  // its stack is small
    if (count == PCRE2_ERROR_NOMATCH) return;
    if (count < 0) {
      throw Error(count == PCRE2_ERROR_NOMEMORY ? ErrorKind::kOutOfSpace : ErrorKind::kUnsupported,
                  fmt::format("pattern \"{}\" failed on a text of {} bytes: {}", printable(pattern_), text.size(),
                              pcre2_message(count)));
    }
    const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(data.get());
    const TextRange found{offsets[0], offsets[1]};
    if (found.empty() && found.end == last_end) {
      if (start >= text.size()) return;
      start += character_at(text, start).length;
      continue;
    }
    matches.push_back(found);
    start = last_end = found.end;
  }
}

}  // namespace prunenet
