#include "prunenet/policy/published_policy.h"

#include "fuzz/harness.h"
#include "fuzz/safetensors_mutator.h"
#include "support/memory_file.h"

namespace prunenet {

/// A policy file of kind prunenet; what it records is written out, and neurons are kept.
PRUNENET_FUZZ_TARGET(published_policy) {
  const testing::MemoryFile memory(input);
  PublishedPolicy policy = load_published_policy(memory.path());
  for (const nlohmann::json* part : {&policy.recipe, &policy.curve, &policy.provenance}) {
    static_cast<void>(part->dump());
  }
  const MatrixF rows = MatrixF::Ones(policy.network->intermediate_size(), policy.network->hidden_size());
  policy.faithful = false;
  Rng rng(1);
  static_cast<void>(keep_indices(policy, rows, policy.network->intermediate_size() / 2, rng));
}

}  // namespace prunenet
