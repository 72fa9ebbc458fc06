#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

using TokenIds = std::vector<std::int64_t>;

/// One choice as tokens: the last `continuation` of them are scored.
struct ChoiceRequest {
  TokenIds ids;
  std::size_t continuation = 0;
};

/// Makes tokens of a context and an ending as lm-evaluation-harness does (`TemplateLM._encode_pair` and
/// `HFLM._loglikelihood_tokens`): the request is context + " " + ending; white space at the context's end moves to the
/// continuation; both the context and the whole are encoded with the tokenizer's default special tokens in front, and
/// the continuation is the whole's tokens after as many as the context has; an empty context is BOS, else EOS; what is
/// longer than `most` tokens and one more, which is only a target, loses its left end.
class ChoiceRequestMaker {
 public:
  /// The tokenizer must outlive the object.
  ChoiceRequestMaker(const Tokenizer& tokenizer, std::int64_t most);

  /// `continuation` is 0 where the ending adds no tokens. Throws Error(kUnsupported) for an empty context where the
  /// tokenizer has neither BOS nor EOS.
  [[nodiscard]] ChoiceRequest make(const std::string& context, const std::string& ending) const;

 private:
  [[nodiscard]] TokenIds encode(const std::string& text) const;
  [[nodiscard]] TokenIds with_prefix(const std::string& text) const;
  [[nodiscard]] std::int64_t start() const;

  const Tokenizer& tokenizer_;
  TokenIds prefix_;
  std::optional<std::int64_t> start_;
  std::size_t most_;
};

}  // namespace prunenet
