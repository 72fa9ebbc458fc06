#include "fuzz/harness.h"
#include "prunenet/family/family.h"
#include "prunenet/family/gguf_store.h"
#include "support/memory_file.h"

namespace prunenet {

/// A GGUF file as a model: its metadata as a config, its tensors by the names of a checkpoint.
PRUNENET_FUZZ_TARGET(gguf_checkpoint) {
  const testing::MemoryFile memory(input);
  const Checkpoint checkpoint = open_gguf_checkpoint(memory.path());
  static_cast<void>(make_family(checkpoint));
  for (const auto& [name, info] : checkpoint.tensors()) static_cast<void>(checkpoint.read(name));
}

}  // namespace prunenet
