#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace prunenet {

/// Largest file that is read whole, where a caller sets no other limit.
inline constexpr std::uint64_t kMaxFileBytes = 1ULL << 28U;
/// Largest text or list of questions to evaluate with.
inline constexpr std::uint64_t kMaxDataBytes = 1ULL << 32U;

/// A whole file. Throws what `InputFile` throws, and Error(kBadInput) where it is larger than `max_bytes`.
[[nodiscard]] std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes = kMaxFileBytes);

}  // namespace prunenet
