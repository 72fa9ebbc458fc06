#include "prunenet/checkpoint/gguf_copy.h"

#include "prunenet/checkpoint/gguf_constants.h"

namespace prunenet {

GgufPairs copy_metadata(const GgufFile& file, const std::function<std::string(const std::string& key)>& renamed) {
  GgufPairs pairs;
  for (const std::string& key : file.keys()) {
    if (key == kGgufAlignmentKey) continue;
    const std::string name = renamed(key);
    if (!name.empty()) pairs.set_raw(name, file.raw_value(key));
  }
  return pairs;
}

}  // namespace prunenet
