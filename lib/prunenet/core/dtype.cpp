#include "prunenet/core/dtype.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "prunenet/core/checked.h"
#include "prunenet/core/error.h"

namespace prunenet {

static_assert(std::endian::native == std::endian::little, "file formats are read in place as little endian");

namespace {

struct DtypeRow {
  Dtype dtype;
  std::size_t size;
  std::string_view name;
  std::string_view torch;
};

constexpr std::array<DtypeRow, 15> kRows{{
    {Dtype::kBool, 1, "BOOL", ""},
    {Dtype::kU8, 1, "U8", ""},
    {Dtype::kI8, 1, "I8", ""},
    {Dtype::kF8E4M3, 1, "F8_E4M3", "float8_e4m3fn"},
    {Dtype::kF8E5M2, 1, "F8_E5M2", "float8_e5m2"},
    {Dtype::kI16, 2, "I16", ""},
    {Dtype::kU16, 2, "U16", ""},
    {Dtype::kF16, 2, "F16", "float16"},
    {Dtype::kBF16, 2, "BF16", "bfloat16"},
    {Dtype::kI32, 4, "I32", ""},
    {Dtype::kU32, 4, "U32", ""},
    {Dtype::kF32, 4, "F32", "float32"},
    {Dtype::kF64, 8, "F64", "float64"},
    {Dtype::kI64, 8, "I64", ""},
    {Dtype::kU64, 8, "U64", ""},
}};

const DtypeRow& row(Dtype dtype) {
  return kRows[static_cast<std::size_t>(dtype)];
}

template <typename Stored, typename Convert>
void widen(std::span<const std::byte> bytes, Convert convert, std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = convert(stored);
  }
}

template <typename Stored, typename Convert>
std::vector<std::byte> narrow(std::span<const float> values, Convert convert) {
  std::vector<std::byte> bytes(values.size() * sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Stored stored = convert(values[i]);
    std::memcpy(bytes.data() + i * sizeof(Stored), &stored, sizeof(Stored));
  }
  return bytes;
}

[[noreturn]] void throw_not_computable(Dtype dtype) {
  throw Error(
      ErrorKind::kUnsupported,
      fmt::format("element type {} cannot be computed with; weights must be F16, BF16, F32 or F64", to_string(dtype)));
}

}  // namespace

std::size_t size_of(Dtype dtype) {
  return row(dtype).size;
}
std::optional<std::uint64_t> checked_bytes(Dtype dtype, std::span<const std::int64_t> shape) {
  const auto elements = checked_product(shape);
  return elements ? checked_multiply(*elements, size_of(dtype)) : std::nullopt;
}

std::string_view to_string(Dtype dtype) {
  return row(dtype).name;
}
std::string_view torch_name(Dtype dtype) {
  return row(dtype).torch;
}

std::optional<Dtype> parse_dtype(std::string_view name) {
  for (const DtypeRow& candidate : kRows) {
    if (candidate.name == name) return candidate.dtype;
  }
  return std::nullopt;
}

bool is_computable(Dtype dtype) {
  return dtype == Dtype::kF16 || dtype == Dtype::kBF16 || dtype == Dtype::kF32 || dtype == Dtype::kF64;
}

float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (bits >> 10U) & 0x1FU;
  const std::uint32_t mantissa = bits & 0x3FFU;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13U));
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112U) << 23U) | (mantissa << 13U));
}

std::uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return sign | 0x7E00U;
  if (magnitude >= 0x477FF000U) return sign | 0x7C00U;  // 65520 and above round to infinity
  if (magnitude < 0x38800000U) {                        // below 2^-14: subnormal, in units of 2^-24
    const float scaled = std::ldexp(std::bit_cast<float>(magnitude), 24);
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(std::nearbyint(scaled)));
  }
  const std::uint32_t rounded = magnitude + 0xFFFU + ((magnitude >> 13U) & 1U);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13U));
}

float bfloat16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

std::uint16_t float_to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

std::vector<float> to_floats(std::span<const std::byte> bytes, Dtype dtype) {
  if (!is_computable(dtype)) throw_not_computable(dtype);
  std::vector<float> values(bytes.size() / size_of(dtype));
  to_floats(bytes, dtype, values);
  return values;
}

void to_floats(std::span<const std::byte> bytes, Dtype dtype, std::span<float> values) {
  switch (dtype) {
    case Dtype::kF16:
      return widen<std::uint16_t>(bytes, half_to_float, values);
    case Dtype::kBF16:
      return widen<std::uint16_t>(bytes, bfloat16_to_float, values);
    case Dtype::kF32:
      return widen<float>(
          bytes, [](float value) { return value; }, values);
    case Dtype::kF64:
      return widen<double>(
          bytes, [](double value) { return static_cast<float>(value); }, values);
    default:
      throw_not_computable(dtype);
  }
}

std::vector<std::byte> from_floats(std::span<const float> values, Dtype dtype) {
  switch (dtype) {
    case Dtype::kF16:
      return narrow<std::uint16_t>(values, float_to_half);
    case Dtype::kBF16:
      return narrow<std::uint16_t>(values, float_to_bfloat16);
    case Dtype::kF32:
      return narrow<float>(values, [](float value) { return value; });
    case Dtype::kF64:
      return narrow<double>(values, [](float value) { return static_cast<double>(value); });
    default:
      throw_not_computable(dtype);
  }
}

}  // namespace prunenet
