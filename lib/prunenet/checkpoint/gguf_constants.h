#pragma once

#include <cstdint>

namespace prunenet {

inline constexpr std::uint32_t kGgufMagic = 0x46554747;  ///< "GGUF", little endian
inline constexpr std::uint32_t kGgufMaxRank = 4;
inline constexpr std::uint64_t kGgufDefaultAlignment = 32;

/// Metadata keys that say how the file itself is to be read.
inline constexpr const char* kGgufArchitectureKey = "general.architecture";
inline constexpr const char* kGgufAlignmentKey = "general.alignment";

namespace gguf_value {

/// Types of metadata values by their numbers in a GGUF file.
enum Type : std::uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

}  // namespace gguf_value

}  // namespace prunenet
