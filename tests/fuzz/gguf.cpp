#include "prunenet/checkpoint/gguf_file.h"

#include "fuzz/harness.h"
#include "support/memory_file.h"

namespace prunenet {

/// A GGUF file, all of its metadata looked at and all of its tensors dequantised.
PRUNENET_FUZZ_TARGET(gguf) {
  const testing::MemoryFile memory(input);
  const GgufFile file = GgufFile::open(memory.path());
  for (const std::string& key : file.keys()) static_cast<void>(file.raw_value(key));
  for (const std::string& name : file.names()) static_cast<void>(file.read(name));
}

}  // namespace prunenet
