#pragma once

#include <functional>
#include <string>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/gguf_pairs.h"

namespace prunenet {

/// Metadata of a file for another one: values byte for byte, each under the name that `renamed` gives its key; those
/// with an empty one stay behind, as general.alignment does, which is the writer's to say.
[[nodiscard]] GgufPairs copy_metadata(const GgufFile& file,
                                      const std::function<std::string(const std::string& key)>& renamed);

}  // namespace prunenet
