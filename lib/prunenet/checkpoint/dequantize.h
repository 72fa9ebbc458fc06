#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace prunenet {

/// Tensor types of a GGUF file that are read here, by their numbers in the file.
enum class GgufType : std::uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ40 = 2,
  kQ41 = 3,
  kQ50 = 6,
  kQ51 = 7,
  kQ80 = 8,
  kQ4K = 12,
  kQ5K = 13,
  kQ6K = 14,
  kBF16 = 30,
};

/// A row of a tensor is cut into blocks of `elements` values that take `bytes` bytes together.
struct GgufBlock {
  GgufType type = GgufType::kF32;
  std::uint32_t elements = 1;
  std::uint32_t bytes = 4;
  std::string_view name;
};

/// The block of a type's number, or null where the type is not read here.
[[nodiscard]] const GgufBlock* find_gguf_block(std::uint32_t type);

/// The block of a known type.
[[nodiscard]] const GgufBlock& gguf_block(GgufType type);

/// Quantised blocks as floats, after ggml's reference `dequantize_row_*` (ggml-quants.c), in its order of operations.
/// Throws Error(kInvalidArgument) unless `blocks` is a whole number of blocks and `values` has their number of
/// elements.
void dequantize(GgufType type, std::span<const std::byte> blocks, std::span<float> values);

}  // namespace prunenet
