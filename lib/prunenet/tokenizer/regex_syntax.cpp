#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/tokenizer/regex.h"

namespace prunenet {
namespace {

// What Oniguruma's `\w` has, as the inside of a class.
constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{N}\p{Pc})";

// Scripts for which PCRE2, unlike Oniguruma, would take Script_Extensions.
constexpr std::array<std::string_view, 17> kScripts = {
    "Arabic", "Armenian", "Bengali",  "Bopomofo", "Cyrillic", "Devanagari", "Georgian", "Greek", "Han",
    "Hangul", "Hebrew",   "Hiragana", "Katakana", "Latin",    "Tamil",      "Telugu",   "Thai"};

/// One pass over the pattern, copying what means the same in both syntaxes.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::string translate() {
    while (position_ < pattern_.size()) {
      if (class_depth_ > 0) {
        if (peek() == '\\')
          escape();
        else
          in_class();
      } else {
        outside_class();
      }
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return position_ + ahead < pattern_.size() ? pattern_[position_ + ahead] : '\0';
  }
  void copy(std::size_t count) {
    result_ += pattern_.substr(position_, count);
    position_ += count;
  }
  void replace(std::size_t count, std::string_view with) {
    result_ += with;
    position_ += count;
  }
  [[noreturn]] void unsupported(std::string_view what) const {
    throw Error(ErrorKind::kUnsupported, fmt::format("pattern \"{}\" uses {} at byte {}, which is not supported",
                                                     printable(pattern_), what, position_));
  }

  void outside_class() {
    switch (peek()) {
      case '*':
      case '+':
      case '?':
      case '|':
        return copy(1);
      case '{':
        return interval();
      case '(':
        groups_.push_back(result_.size());
        return copy(1);
      case ')':
        if (!groups_.empty()) {
          atom_ = groups_.back();
          groups_.pop_back();
        }
        return copy(1);
      default:
        atom_ = result_.size();
        if (peek() == '\\') return escape();
        return peek() == '[' ? open_class() : copy(1);
    }
  }

  /// `x{1,3}+` is possessive in PCRE2, but `(?:x{1,3})+` in Ruby's syntax.
  void interval() {
    const std::size_t close = pattern_.find_first_not_of("0123456789,", position_ + 1);
    const bool repeated = close != std::string_view::npos && close > position_ + 1 && pattern_[close] == '}' &&
                          close + 1 < pattern_.size() && pattern_[close + 1] == '+';
    if (!repeated) return copy(1);
    result_.insert(atom_, "(?:");
    copy(close + 1 - position_);
    result_ += ')';
  }

  void open_class() {
    ++class_depth_;
    copy(1);
    if (peek() == '^') copy(1);
    if (peek() == ']') copy(1);  // a literal at this place
  }

  void in_class() {
    if (peek() == '&' && peek(1) == '&') unsupported("an intersection of classes");
    if (peek() == '[' && peek(1) == ':') {
      const std::size_t end = pattern_.find(":]", position_);
      return copy(end == std::string_view::npos ? 1 : end + 2 - position_);
    }
    if (peek() == '[') {
      if (peek(1) == '^') unsupported("a negated class inside a class");
      ++class_depth_;
      return replace(1, "");
    }
    if (peek() == ']') {
      --class_depth_;
      return class_depth_ > 0 ? replace(1, "") : copy(1);
    }
    copy(1);
  }

  void escape() {
    const bool inside = class_depth_ > 0;
    switch (peek(1)) {
      case 's':
        return replace(2, R"(\p{White_Space})");
      case 'S':
        return replace(2, R"(\P{White_Space})");
      case 'w':
        return replace(2, inside ? std::string(kWord) : fmt::format("[{}]", kWord));
      case 'W':
        if (inside) unsupported("\\W in a class");
        return replace(2, fmt::format("[^{}]", kWord));
      case 'h':
        return replace(2, inside ? "0-9A-Fa-f" : "[0-9A-Fa-f]");
      case 'H':
        unsupported("\\H");
      case 'u':
        return unicode_escape();
      case 'p':
      case 'P':
        return property();
      default:
        return copy(std::min<std::size_t>(2, pattern_.size() - position_));
    }
  }

  void unicode_escape() {
    const std::string_view digits = pattern_.substr(position_ + 2, 4);
    if (digits.size() < 4 ||
        !std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isxdigit(c); })) {
      unsupported("\\u without four hexadecimal digits");
    }
    replace(6, fmt::format("\\x{{{}}}", digits));
  }

  void property() {
    const std::size_t close = pattern_.find('}', position_);
    if (peek(2) != '{' || close == std::string_view::npos) return copy(2);
    std::string_view name = pattern_.substr(position_ + 3, close - position_ - 3);
    const std::string_view negation = name.starts_with('^') ? "^" : "";
    name.remove_prefix(negation.size());
    if (std::find(kScripts.begin(), kScripts.end(), name) == kScripts.end()) return copy(close + 1 - position_);
    const char letter = peek(1);
    replace(close + 1 - position_, fmt::format("\\{}{{{}sc:{}}}", letter, negation, name));
  }

  std::string_view pattern_;
  std::size_t position_ = 0;
  int class_depth_ = 0;
  std::size_t atom_ = 0;             ///< where in the result what a quantifier would apply to begins
  std::vector<std::size_t> groups_;  ///< where in the result the open groups begin
  std::string result_;
};

}  // namespace

std::string pcre2_pattern(std::string_view oniguruma_pattern) {
  return Translator(oniguruma_pattern).translate();
}

}  // namespace prunenet
