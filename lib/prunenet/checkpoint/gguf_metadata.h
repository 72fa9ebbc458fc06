#pragma once

#include <map>
#include <string>
#include <vector>

#include "prunenet/checkpoint/bounded_reader.h"
#include "prunenet/checkpoint/gguf_file.h"

namespace prunenet {

/// Longest metadata key, and longest text value, in bytes; most elements of an array. Well beyond what models have
/// (a vocabulary has about 2^18 entries, a chat template about 2^14 bytes), and small beside memory.
inline constexpr std::uint64_t kMaxGgufKeyBytes = 1ULL << 16U;
inline constexpr std::uint64_t kMaxGgufTextBytes = 1ULL << 26U;
inline constexpr std::uint64_t kMaxGgufArray = 1ULL << 24U;

/// Metadata by key, and where its values (with their types before them) lie in the file, in its order.
struct GgufMetadataTable {
  std::map<std::string, GgufValue> values;
  std::vector<GgufValuePlace> places;
};

/// Reads `count` key-value pairs. Throws Error(kBadInput) for a duplicate key, an unknown value type or a truncated
/// file, Error(kUnsupported) for an array of arrays.
[[nodiscard]] GgufMetadataTable read_gguf_metadata(BoundedReader& reader, std::uint64_t count,
                                                   const std::string& where);

}  // namespace prunenet
