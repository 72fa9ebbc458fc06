#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/family/family.h"

namespace prunenet::python {

/// What Python calls a Checkpoint: the tensors, and the adapter that knows what they are.
struct OpenCheckpoint {
  std::filesystem::path path;
  Checkpoint checkpoint;
  std::unique_ptr<Family> family;
  std::optional<GgufFile> gguf;  ///< where the model is such a file: it is pruned to another
};

}  // namespace prunenet::python
