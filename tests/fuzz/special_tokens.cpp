#include "prunenet/tokenizer/special_tokens.h"

#include <nlohmann/json.hpp>

#include "fuzz/harness.h"
#include "fuzz/use_tokenizer.h"
#include "prunenet/tokenizer/bpe_tokenizer.h"

namespace prunenet {

/// The four files beside a vocabulary.
PRUNENET_FUZZ_TARGET(special_tokens) {
  static const nlohmann::json kTokenizer = {
      {"model",
       {{"type", "BPE"}, {"vocab", {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"<s>", 4}}}, {"merges", {"a b"}}}}};
  const auto parts = testing::fuzz_parts(input, 4);
  const SpecialTokens special = read_special_tokens(testing::fuzz_directory({{"tokenizer_config.json", parts[0]},
                                                                             {"special_tokens_map.json", parts[1]},
                                                                             {"added_tokens.json", parts[2]},
                                                                             {"config.json", parts[3]}}));
  testing::use(*make_bpe_tokenizer(kTokenizer, special, "tokenizer.json"));
}

}  // namespace prunenet
