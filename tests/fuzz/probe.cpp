#include "prunenet/probe/probe.h"

#include "fuzz/harness.h"
#include "fuzz/safetensors_mutator.h"
#include "prunenet/train/training_files.h"

namespace prunenet {

/// A probe of a work directory.
PRUNENET_FUZZ_TARGET(probe) {
  const TrainingDirectory directory(testing::fuzz_directory({{"probe-0.safetensors", input}}),
                                    {.probe = "probe", .state = "state"}, true);
  static_cast<void>(directory.load_probe(0, 1, 2));
}

}  // namespace prunenet
