#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "prunenet/core/rng.h"

namespace prunenet::testing {

/// Changes, cuts out, doubles or cuts off a few bytes.
inline std::string mutate(std::string bytes, Rng& rng) {
  for (std::uint64_t i = 1 + rng.below(3); i > 0 && !bytes.empty(); --i) {
    const std::size_t at = rng.below(bytes.size());
    switch (rng.below(6)) {
      case 0:
        bytes[at] = static_cast<char>(rng.below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8)));
        break;
      case 2:
        bytes[at] = "{}[]\",:0-9e.\\"[rng.below(13)];
        break;
      case 3:
        bytes.erase(at, 1 + rng.below(8));
        break;
      case 4:
        bytes.insert(at, bytes.substr(at, 1 + rng.below(8)));
        break;
      default:
        bytes.resize(rng.below(10) == 0 ? at : bytes.size() - 1);
    }
  }
  return bytes;
}

}  // namespace prunenet::testing
