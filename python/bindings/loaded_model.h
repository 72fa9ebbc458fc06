#pragma once

#include <memory>

#include "open_checkpoint.h"
#include "prunenet/model/causal_lm.h"

namespace prunenet::python {

/// What Python calls a CausalLm. One that streams its layers reads them from the checkpoint.
struct LoadedModel {
  std::shared_ptr<OpenCheckpoint> open;
  CausalLm model;
};

}  // namespace prunenet::python
