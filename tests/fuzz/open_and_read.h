#pragma once

#include <cstddef>
#include <cstdint>

#include "prunenet/core/error.h"
#include "support/memory_file.h"

namespace prunenet::testing {

/// Opens the bytes as a `File` and reads every tensor. Our own errors are answers; anything else is a finding.
template <typename File>
int open_and_read(const std::uint8_t* bytes, std::size_t size) {
  const MemoryFile memory({reinterpret_cast<const char*>(bytes), size});
  try {
    const File file = File::open(memory.path());
    for (const auto& [name, info] : file.tensors()) (void)file.read(name);
  } catch (const Error&) {
  }
  return 0;
}

}  // namespace prunenet::testing
