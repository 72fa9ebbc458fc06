#pragma once

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/family/family.h"

namespace prunenet {

/// Throws Error(kUnsupported) where names of tensors show a quantised checkpoint (GPTQ, AWQ, bitsandbytes, FP8 with
/// scales) or an adapter (LoRA) in place of a full model, naming the tensor and what to do.
void refuse_foreign_tensors(const Checkpoint& checkpoint);

/// Config and tensors agree: every tensor that the family needs is there with its shape, and every tensor that is there
/// has a use, is known to have none, or is the embedding once more under the output projection's name.
/// Throws Error(kMismatch) naming tensor and both shapes, Error(kBadInput) for a missing tensor, Error(kUnsupported)
/// for one that the architecture has no place for.
void check_tensors(const Checkpoint& checkpoint, const Family& family);

}  // namespace prunenet
