#include "fuzz/harness.h"
#include "fuzz/use_tokenizer.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/tokenizer/bpe_tokenizer.h"

namespace prunenet {

/// A tokenizer.json.
PRUNENET_FUZZ_TARGET(tokenizer_json) {
  testing::use(*make_bpe_tokenizer(parse_json_object(input, "tokenizer.json"), {}, "tokenizer.json"));
}

}  // namespace prunenet
