#include "prunenet/tokenizer/gguf_vocabulary.h"

#include "fuzz/harness.h"
#include "fuzz/use_tokenizer.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/tokenizer/bpe_tokenizer.h"
#include "support/memory_file.h"

namespace prunenet {

/// The vocabulary of a GGUF file, as tokenizer files and as a tokenizer.
PRUNENET_FUZZ_TARGET(gguf_vocabulary) {
  const testing::MemoryFile memory(input);
  const TokenizerFiles files = tokenizer_files(vocabulary_from_gguf(GgufFile::open(memory.path())));
  static_cast<void>(files.tokenizer.dump());
  testing::use(*make_bpe_tokenizer(files.tokenizer, special_tokens_of(files.tokenizer_config), "fuzz"));
}

}  // namespace prunenet
