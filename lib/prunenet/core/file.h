#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace prunenet {

/// A whole text file. Throws Error(kBadInput) where it is missing or unreadable, or larger than `max_bytes`.
[[nodiscard]] std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes = 1ULL << 32U);

}  // namespace prunenet
