#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace prunenet {

/// Element types of a safetensors file. Those that `is_computable` can be converted to and from float.
enum class Dtype { kBool, kU8, kI8, kF8E4M3, kF8E5M2, kI16, kU16, kF16, kBF16, kI32, kU32, kF32, kF64, kI64, kU64 };

/// Bytes of one element.
[[nodiscard]] std::size_t size_of(Dtype dtype);

/// Bytes of a tensor, or nothing where an extent is negative or they do not fit 64 bits: the one place where the shape
/// of a safetensors file becomes a size.
[[nodiscard]] std::optional<std::uint64_t> checked_bytes(Dtype dtype, std::span<const std::int64_t> shape);

/// The name in a safetensors header ("BF16").
[[nodiscard]] std::string_view to_string(Dtype dtype);

/// The name in a Hugging Face config's `torch_dtype` ("bfloat16"); empty for types without one.
[[nodiscard]] std::string_view torch_name(Dtype dtype);

/// The type of that safetensors name, or nothing.
[[nodiscard]] std::optional<Dtype> parse_dtype(std::string_view name);

/// F16, BF16, F32 and F64: the types weights are computed with.
[[nodiscard]] bool is_computable(Dtype dtype);

/// IEEE binary16 to binary32, exact.
[[nodiscard]] float half_to_float(std::uint16_t bits);

/// binary32 to IEEE binary16, round to nearest even, overflow to infinity.
[[nodiscard]] std::uint16_t float_to_half(float value);

/// bfloat16 to binary32, exact.
[[nodiscard]] float bfloat16_to_float(std::uint16_t bits);

/// binary32 to bfloat16, round to nearest even; NaN stays NaN.
[[nodiscard]] std::uint16_t float_to_bfloat16(float value);

/// Little-endian elements of a computable type as floats (F64 is rounded). `bytes` holds a whole number of elements.
/// Throws Error(kUnsupported) for a type that is not computable.
[[nodiscard]] std::vector<float> to_floats(std::span<const std::byte> bytes, Dtype dtype);
/// Same, into as many floats as there are elements.
void to_floats(std::span<const std::byte> bytes, Dtype dtype, std::span<float> values);

/// Floats as little-endian elements of a computable type, rounded to nearest even. Throws like `to_floats`.
[[nodiscard]] std::vector<std::byte> from_floats(std::span<const float> values, Dtype dtype);

}  // namespace prunenet
