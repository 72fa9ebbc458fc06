#include "prunenet/tokenizer/regex.h"

#include "fuzz/harness.h"

namespace prunenet {

/// A pattern, and a text to look for it in.
PRUNENET_FUZZ_TARGET(regex) {
  const auto parts = testing::fuzz_parts(input, 2);
  const Regex regex(parts[0]);
  for (const auto& [range, valid] : split_valid_utf8(parts[1])) {
    std::vector<TextRange> matches;
    if (valid) regex.find_all(parts[1].substr(range.begin, range.end - range.begin), matches);
  }
}

}  // namespace prunenet
