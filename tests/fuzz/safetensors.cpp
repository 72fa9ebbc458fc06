#include "prunenet/checkpoint/safetensors_file.h"

#include "fuzz/harness.h"
#include "fuzz/safetensors_mutator.h"
#include "support/memory_file.h"

namespace prunenet {

/// A safetensors file, all of its tensors read.
PRUNENET_FUZZ_TARGET(safetensors) {
  const testing::MemoryFile memory(input);
  const SafetensorsFile file = SafetensorsFile::open(memory.path());
  for (const std::string& name : file.names()) static_cast<void>(file.read(name));
}

}  // namespace prunenet
