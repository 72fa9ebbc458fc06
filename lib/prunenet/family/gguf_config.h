#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "prunenet/checkpoint/gguf_file.h"

namespace prunenet {

/// config.json of a GGUF file, as transformers writes it; `torch_dtype` as given.
/// Throws Error(kUnsupported) for an architecture, mixture of experts or rotary scaling that is not known and for FFN
/// widths that differ by layer, Error(kBadInput) naming the key that is missing or wrong.
[[nodiscard]] nlohmann::ordered_json config_from_gguf(const GgufFile& gguf, std::string_view torch_dtype);

}  // namespace prunenet
