#include "fuzz/harness.h"
#include "prunenet/eval/multiple_choice.h"
#include "support/memory_file.h"

namespace prunenet {

/// Multiple-choice questions, one JSON object a line.
PRUNENET_FUZZ_TARGET(choice_items) {
  const testing::MemoryFile memory(input);
  static_cast<void>(read_choice_items(memory.path()));
}

}  // namespace prunenet
