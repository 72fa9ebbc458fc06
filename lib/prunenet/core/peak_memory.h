#pragma once

#include <cstdint>

namespace prunenet {

/// Largest resident set of this process so far, in bytes.
[[nodiscard]] std::uint64_t peak_rss_bytes();

}  // namespace prunenet
