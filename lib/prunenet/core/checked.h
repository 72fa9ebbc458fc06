#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace prunenet {

/// a + b, or nothing where it does not fit 64 bits. Sizes from files are never added or multiplied without these.
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

/// a * b, or nothing where it does not fit 64 bits.
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// Product of a shape's extents (1 for rank 0), or nothing where an extent is negative or the product overflows.
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_product(std::span<const std::int64_t> shape) {
  std::uint64_t product = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    const auto next = checked_multiply(product, static_cast<std::uint64_t>(extent));
    if (!next) return std::nullopt;
    product = *next;
  }
  return product;
}

}  // namespace prunenet
