#include "fuzz/harness.h"
#include "fuzz/use_tokenizer.h"
#include "prunenet/tokenizer/sentencepiece_tokenizer.h"

namespace prunenet {

/// tokenizer_config.json and tokenizer.model.
PRUNENET_FUZZ_TARGET(sentencepiece) {
  const auto parts = testing::fuzz_parts(input, 2);
  testing::use(*load_sentencepiece(
      testing::fuzz_directory({{"tokenizer_config.json", parts[0]}, {"tokenizer.model", parts[1]}})));
}

}  // namespace prunenet
