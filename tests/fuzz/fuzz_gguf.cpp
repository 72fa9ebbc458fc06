#include "fuzz/open_and_read.h"
#include "prunenet/checkpoint/gguf_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return prunenet::testing::open_and_read<prunenet::GgufFile>(bytes, size);
}
