#pragma once

#include <cstdint>
#include <filesystem>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/dtype.h"
#include "prunenet/core/progress.h"

namespace prunenet {

/// Bytes of the weight files that `import_weights` writes.
[[nodiscard]] std::uint64_t imported_bytes(const Checkpoint& gguf, Dtype dtype);

/// Writes config.json and the weights of a checkpoint that `open_gguf_checkpoint` has opened into an existing directory
/// (see OutputDirectory), converted to `dtype`.
void import_weights(const Checkpoint& gguf, const std::filesystem::path& directory, Dtype dtype, Progress& progress);

}  // namespace prunenet
