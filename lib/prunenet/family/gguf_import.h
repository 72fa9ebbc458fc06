#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/dtype.h"
#include "prunenet/core/progress.h"

namespace prunenet {

/// config.json of a LLaMA-architecture GGUF file, as transformers writes it; `torch_dtype` is `dtype`'s name.
/// Throws Error(kUnsupported) for another architecture or rotary scaling, Error(kBadInput) naming the key that is
/// missing or wrong.
[[nodiscard]] nlohmann::ordered_json config_from_gguf(const GgufFile& gguf, Dtype dtype);

/// Bytes of the weight files that `import_weights` writes.
[[nodiscard]] std::uint64_t imported_bytes(const GgufFile& gguf, Dtype dtype);

/// Writes config.json and the weights into an existing directory (see OutputDirectory), dequantised to `dtype` and
/// named as transformers names them. Query and key projections are put back from the interleaved rotary layout, in
/// which LLaMA files store them. The output projection is left out where the file has none: it is tied to the
/// embedding. Throws Error(kUnsupported) for a tensor with no place in the architecture, and what the two above throw.
void import_weights(const GgufFile& gguf, const std::filesystem::path& directory, Dtype dtype, Progress& progress);

}  // namespace prunenet
