#include "prunenet/policy/policy.h"

#include "fuzz/harness.h"
#include "fuzz/safetensors_mutator.h"
#include "prunenet/policy/policy_file.h"
#include "support/memory_file.h"

namespace prunenet {

/// A policy file of kind features; what it records is written out, and neurons are scored.
PRUNENET_FUZZ_TARGET(policy) {
  const testing::MemoryFile memory(input);
  Policy policy = load_policy(memory.path());
  for (const nlohmann::json* part : {&policy.recipe, &policy.curve, &policy.provenance}) {
    static_cast<void>(part->dump());
  }
  static_cast<void>(score_neurons(policy.network, MatrixF::Ones(2, policy.network->feature_count())));
}

}  // namespace prunenet
