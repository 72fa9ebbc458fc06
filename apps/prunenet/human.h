#pragma once

#include <cstdint>
#include <string>

namespace prunenet::cli {

/// "538.1 MB" (decimal units).
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// "134.5M", for parameters, tokens and rates; three or four figures.
[[nodiscard]] std::string human_count(double count);
/// "0.42 s", "12.3 s", "2m03s", "1h05m".
[[nodiscard]] std::string human_seconds(double seconds);
/// "30.2 %"
[[nodiscard]] std::string human_percent(double share);

}  // namespace prunenet::cli
