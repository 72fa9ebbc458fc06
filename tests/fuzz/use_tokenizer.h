#pragma once

#include <string_view>

#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet::testing {

/// Encodes and decodes a text of every kind of character.
inline void use(const Tokenizer& tokenizer) {
  constexpr std::string_view kText =
      "Hello  world, it's <s>1234</s>\r\n\n \t caf\u00e9 \u4e2d\u6587 \U0001F600 \xff\xfe abcabc aaaa ";
  const std::vector<TokenId> ids = tokenizer.encode(kText);
  static_cast<void>(tokenizer.decode(ids, false));
  static_cast<void>(tokenizer.decode(ids, true));
  static_cast<void>(tokenizer.decode(tokenizer.default_prefix()));
  static_cast<void>(tokenizer.vocabulary_size());
}

}  // namespace prunenet::testing
