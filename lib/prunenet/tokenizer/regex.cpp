#include "prunenet/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <array>
#include <cstdint>
#include <limits>

#include "prunenet/checkpoint/printable.h"
#include "prunenet/core/error.h"

namespace prunenet {
namespace {

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

/// The interpreter, without limits but those of memory: for subjects on which the machine code runs out of its stack.
int match_by_interpreter(const pcre2_code* code, std::string_view text, std::size_t start, pcre2_match_data* data) {
  const std::unique_ptr<pcre2_match_context, FreeMatchContext> context(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), std::numeric_limits<std::uint32_t>::max());
  pcre2_set_depth_limit(context.get(), std::numeric_limits<std::uint32_t>::max());
  pcre2_set_heap_limit(context.get(), std::numeric_limits<std::uint32_t>::max());
  return pcre2_match(code, subject_of(text), text.size(), start, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data,
                     context.get());
}

}  // namespace

void Regex::FreeCode::operator()(void* code) const {
  pcre2_code_free(static_cast<pcre2_code*>(code));
}

Regex::Regex(std::string_view pattern) : pattern_(pattern) {
  const std::string translated = pcre2_pattern(pattern);
  const std::unique_ptr<pcre2_compile_context, FreeCompileContext> context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int code = 0;
  PCRE2_SIZE offset = 0;
  code_.reset(pcre2_compile(subject_of(translated), translated.size(), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &code,
                            &offset, context.get()));
  if (!code_) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("pattern \"{}\" cannot be compiled: {} at byte {} of \"{}\"", printable(pattern),
                            pcre2_message(code), offset, printable(translated)));
  }
  pcre2_jit_compile(static_cast<pcre2_code*>(code_.get()), PCRE2_JIT_COMPLETE);  // without it, matching is only slower
}

void Regex::find_all(std::string_view text, std::vector<TextRange>& matches) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, FreeMatchData> data(pcre2_match_data_create(1, nullptr));
  std::size_t start = 0;
  std::size_t last_end = std::string_view::npos;
  while (start <= text.size()) {
    int count = pcre2_match(code, subject_of(text), text.size(), start, PCRE2_NO_UTF_CHECK, data.get(), nullptr);
    if (count == PCRE2_ERROR_JIT_STACKLIMIT || count == PCRE2_ERROR_MATCHLIMIT) {
      count = match_by_interpreter(code, text, start, data.get());
    }
    if (count == PCRE2_ERROR_NOMATCH) return;
    if (count < 0) {
      throw Error(ErrorKind::kOutOfSpace, fmt::format("pattern \"{}\" failed on a text of {} bytes: {}",
                                                      printable(pattern_), text.size(), pcre2_message(count)));
    }
    const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(data.get());
    const TextRange match{offsets[0], offsets[1]};
    if (match.empty() && match.end == last_end) {
      if (start >= text.size()) return;
      start += character_at(text, start).length;
      continue;
    }
    matches.push_back(match);
    start = last_end = match.end;
  }
}

}  // namespace prunenet
