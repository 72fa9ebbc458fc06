#include "prunenet/tokenizer/vocab_and_merges.h"

#include "fuzz/harness.h"
#include "fuzz/use_tokenizer.h"
#include "prunenet/tokenizer/gguf_vocabulary.h"

namespace prunenet {

/// vocab.json, merges.txt and tokenizer_config.json: read, and made into the vocabulary of a GGUF file.
PRUNENET_FUZZ_TARGET(vocab_and_merges) {
  const auto parts = testing::fuzz_parts(input, 3);
  const std::string& directory = testing::fuzz_directory(
      {{"vocab.json", parts[0]}, {"merges.txt", parts[1]}, {"tokenizer_config.json", parts[2]}});
  testing::use(*load_tokenizer(directory));
  static_cast<void>(to_gguf(vocabulary_from_directory(directory, 300, "gpt-2")));
}

}  // namespace prunenet
