#include "prunenet/checkpoint/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "prunenet/core/dtype.h"
#include "prunenet/core/error.h"

namespace prunenet {

namespace {

constexpr int kBlock = 32;  // values of a block of Q4_0 to Q8_0
using Block = std::span<const float, kBlock>;
using Levels = std::array<std::uint8_t, kBlock>;

/// A block's scale or smallest value.
void put_half(std::byte* to, float value) {
  const std::uint16_t bits = float_to_half(value);
  if (!std::isfinite(half_to_float(bits))) {
    throw Error(
        ErrorKind::kNumerical,
        fmt::format("a block's values need a scale or an offset of {}, which half precision cannot hold", value));
  }
  std::memcpy(to, &bits, sizeof(bits));
}

/// 0 for no step at all, and for one so small that its inverse overflows: such a block is of zeros in half precision.
float inverse(float step) {
  const float per_step = 1.0F / step;
  return std::isfinite(per_step) ? per_step : 0.0F;
}

/// The first value of largest magnitude, with its sign.
float extreme(Block x) {
  float largest = 0.0F;
  float value = 0.0F;
  for (const float number : x) {
    if (largest < std::abs(number)) {
      largest = std::abs(number);
      value = number;
    }
  }
  return value;
}

/// Steps from `start`, rounded half up, at most `top`.
Levels levels_of(Block x, float start, float per_step, float shift, int top) {
  Levels levels{};
  for (std::size_t j = 0; j < kBlock; ++j) {
    const int level = static_cast<int>((x[j] - start) * per_step + shift);
    levels[j] = static_cast<std::uint8_t>(std::min(level, top));
  }
  return levels;
}

/// Value j in the low half of byte j, value j + 16 in its high half.
void put_halves(std::byte* q, const Levels& levels) {
  for (std::size_t j = 0; j < kBlock / 2; ++j) {
    q[j] = static_cast<std::byte>((levels[j] & 0xFU) | ((levels[j + kBlock / 2] & 0xFU) << 4U));
  }
}

void put_fifth_bits(std::byte* bits, const Levels& levels) {
  std::uint32_t packed = 0;
  for (std::size_t j = 0; j < kBlock; ++j) packed |= static_cast<std::uint32_t>(levels[j] >> 4U) << j;
  std::memcpy(bits, &packed, sizeof(packed));
}

void q4_0(Block x, std::byte* block) {  // half d; q[16]
  const float d = extreme(x) / -8.0F;
  put_half(block, d);
  put_halves(block + 2, levels_of(x, 0.0F, inverse(d), 8.5F, 15));
}

void q4_1(Block x, std::byte* block) {  // half d, m; q[16]
  const auto [min, max] = std::ranges::minmax(x);
  const float d = (max - min) / 15.0F;
  put_half(block, d);
  put_half(block + 2, min);
  put_halves(block + 4, levels_of(x, min, inverse(d), 0.5F, 15));
}

void q5_0(Block x, std::byte* block) {  // half d; fifth bits[4]; q[16]
  const float d = extreme(x) / -16.0F;
  const Levels levels = levels_of(x, 0.0F, inverse(d), 16.5F, 31);
  put_half(block, d);
  put_fifth_bits(block + 2, levels);
  put_halves(block + 6, levels);
}

void q5_1(Block x, std::byte* block) {  // half d, m; fifth bits[4]; q[16]
  const auto [min, max] = std::ranges::minmax(x);
  const float d = (max - min) / 31.0F;
  put_half(block, d);
  put_half(block + 2, min);
  const Levels levels = levels_of(x, min, inverse(d), 0.5F, 31);
  put_fifth_bits(block + 4, levels);
  put_halves(block + 8, levels);
}

void q8_0(Block x, std::byte* block) {  // half d; int8 q[32]
  const float d = std::abs(extreme(x)) / 127.0F;
  const float per_step = inverse(d);
  put_half(block, d);
  for (std::size_t j = 0; j < kBlock; ++j) {
    block[2 + j] = static_cast<std::byte>(static_cast<std::int8_t>(std::round(x[j] * per_step)));
  }
}

using QuantizeBlock = void (*)(Block, std::byte*);

QuantizeBlock quantizer_of(GgufType type) {
  switch (type) {
    case GgufType::kQ40:
      return q4_0;
    case GgufType::kQ41:
      return q4_1;
    case GgufType::kQ50:
      return q5_0;
    case GgufType::kQ51:
      return q5_1;
    case GgufType::kQ80:
      return q8_0;
    default:
      return nullptr;
  }
}

bool is_float(GgufType type) {
  return type == GgufType::kF32 || type == GgufType::kF16 || type == GgufType::kBF16;
}

[[noreturn]] void refuse(std::size_t index, std::span<const float> values, GgufType type) {
  throw Error(ErrorKind::kNumerical, fmt::format("value {} of {} is {}, which {} cannot hold", index, values.size(),
                                                 values[index], gguf_block(type).name));
}

std::vector<std::byte> narrow(GgufType type, std::span<const float> values) {
  const Dtype dtype = type == GgufType::kF32 ? Dtype::kF32 : type == GgufType::kF16 ? Dtype::kF16 : Dtype::kBF16;
  std::vector<std::byte> bytes = from_floats(values, dtype);
  const std::vector<float> stored = to_floats(bytes, dtype);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) && !std::isfinite(stored[i])) refuse(i, values, type);
  }
  return bytes;
}

}  // namespace

bool is_quantizable(GgufType type) {
  return is_float(type) || quantizer_of(type) != nullptr;
}

GgufType requantised_type(GgufType type, std::int64_t width) {
  const auto fits = [width](GgufType candidate) { return width % gguf_block(candidate).elements == 0; };
  if (is_quantizable(type) && fits(type)) return type;
  return fits(GgufType::kQ80) ? GgufType::kQ80 : GgufType::kF16;
}

std::vector<std::byte> quantize(GgufType type, std::span<const float> values) {
  const GgufBlock& block = gguf_block(type);
  if (!is_quantizable(type)) {
    throw Error(ErrorKind::kUnsupported, fmt::format("tensors of type {} are read here, but not written", block.name));
  }
  if (values.size() % block.elements != 0) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{} values do not divide into {} blocks of {}", values.size(), block.name, block.elements));
  }
  if (is_float(type)) return narrow(type, values);
  if (const auto bad = std::ranges::find_if_not(values, [](float x) { return std::isfinite(x); });
      bad != values.end()) {
    refuse(static_cast<std::size_t>(bad - values.begin()), values, type);
  }
  const QuantizeBlock quantize_block = quantizer_of(type);
  const std::size_t count = values.size() / kBlock;
  std::vector<std::byte> blocks(count * block.bytes);
  for (std::size_t i = 0; i < count; ++i) {
    quantize_block(values.subspan(i * kBlock).first<kBlock>(), blocks.data() + i * block.bytes);
  }
  return blocks;
}

}  // namespace prunenet
