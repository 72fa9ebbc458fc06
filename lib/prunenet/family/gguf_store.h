#pragma once

#include <filesystem>

#include "prunenet/checkpoint/checkpoint.h"

namespace prunenet {

/// A GGUF file as a checkpoint: its config.json, and tensors under their names in transformers, in F32, dequantised as
/// they are read, with the rows of queries and keys in the order that transformers has them in.
///
/// Throws what GgufFile::open and config_from_gguf throw, Error(kBadInput) for a missing tensor, Error(kMismatch)
/// naming a tensor and both shapes, Error(kUnsupported) for one with no place in the architecture.
[[nodiscard]] Checkpoint open_gguf_checkpoint(const std::filesystem::path& file);

/// A model directory, or a file whose name ends in .gguf.
[[nodiscard]] Checkpoint open_checkpoint(const std::filesystem::path& path);

}  // namespace prunenet
