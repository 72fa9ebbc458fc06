#include "fuzz/harness.h"
#include "fuzz/safetensors_mutator.h"
#include "prunenet/probe/probe_file.h"
#include "prunenet/train/model_files.h"
#include "support/memory_file.h"

namespace prunenet {

/// What trainings keep of a model: its probe or its features.
PRUNENET_FUZZ_TARGET(probe) {
  const testing::MemoryFile memory(input);
  if (input.find("features.0") != std::string_view::npos) {
    static_cast<void>(load_features(memory.path(), "model", 1, 2, 3));
  } else {
    const ProbeFile file = ProbeFile::open(memory.path());
    static_cast<void>(file.text());
    static_cast<void>(file.layer(0));
    file.require(file.facts().source, "");
  }
}

}  // namespace prunenet
