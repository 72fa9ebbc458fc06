#pragma once

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/family/family.h"
#include "prunenet/prune/prune.h"

namespace prunenet {

/// What `prune_gguf` would write; nothing is written. `family` is that of `open_gguf_checkpoint`. Throws
/// Error(kMismatch) where the plan is not the model's, Error(kUnsupported) where layers differ in width and the
/// architecture is not LLaMA's.
[[nodiscard]] PruneEstimate estimate_gguf_prune(const GgufFile& file, const Family& family, const Plan& plan);

/// Writes the GGUF file without the neurons that the plan removes. Rows of the gate and up projections are whole
/// quantised blocks, so they and every tensor that is not cut stay as they are, byte for byte, and so does all metadata
/// but the width. Only down projections lose columns: they are dequantised and quantised to their own type, or, where
/// the width does not divide into its blocks or it is not written here (Q4_K, Q5_K, Q6_K), to Q8_0, else F16; the
/// report says which. A plan whose layers differ in width makes of a LLaMA file one of llama.cpp's architecture "deci",
/// which has a width for each layer. The record of how it was made lies in the metadata as `prunenet.record`.
///
/// Streams: about one tensor is in memory. The result is opened again before it has its name; it is complete or absent.
/// Throws Error(kInvalidArgument) where output and input are one file, Error(kAlreadyExists) where the output is there
/// and `force` is not set, what the estimate throws, Error(kOutOfSpace) or Error(kIo) from the disk.
PruneReport prune_gguf(const GgufFile& file, const Family& family, const Plan& plan, const PruneOptions& options,
                       Progress& progress);

}  // namespace prunenet
