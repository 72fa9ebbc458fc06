#pragma once

#include <cstdint>

namespace prunenet {

/// Largest resident set of this process so far, or since `reset_peak_rss`, in bytes.
[[nodiscard]] std::uint64_t peak_rss_bytes();

/// Starts the measurement anew. Where the system cannot (it takes a Linux with /proc), nothing happens.
void reset_peak_rss();

}  // namespace prunenet
