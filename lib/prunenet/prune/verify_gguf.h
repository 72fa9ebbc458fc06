#pragma once

#include "prunenet/prune/verify.h"

namespace prunenet {

/// `verify_pruned` of GGUF files. The whole header is laid out again from the input and the record, so every byte of
/// the output but its record is compared with one that is computed.
[[nodiscard]] VerifyReport verify_gguf(const std::filesystem::path& output, const std::filesystem::path& input,
                                       const VerifyOptions& options, Progress& progress);

}  // namespace prunenet
