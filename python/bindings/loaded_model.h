#pragma once

#include <memory>

#include "prunenet/model/causal_lm.h"
#include "prunenet/prune/prunable.h"

namespace prunenet::python {

/// What Python calls a CausalLm. One that streams its layers reads them from the checkpoint.
struct LoadedModel {
  std::shared_ptr<Prunable> checkpoint;
  CausalLm model;
};

}  // namespace prunenet::python
