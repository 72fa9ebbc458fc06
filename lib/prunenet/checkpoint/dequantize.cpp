#include "prunenet/checkpoint/dequantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "prunenet/core/dtype.h"
#include "prunenet/core/error.h"

namespace prunenet {

namespace {

constexpr std::array<GgufBlock, 11> kBlocks{{
    {GgufType::kF32, 1, 4, "F32"},
    {GgufType::kF16, 1, 2, "F16"},
    {GgufType::kBF16, 1, 2, "BF16"},
    {GgufType::kQ40, 32, 18, "Q4_0"},
    {GgufType::kQ41, 32, 20, "Q4_1"},
    {GgufType::kQ50, 32, 22, "Q5_0"},
    {GgufType::kQ51, 32, 24, "Q5_1"},
    {GgufType::kQ80, 32, 34, "Q8_0"},
    {GgufType::kQ4K, 256, 144, "Q4_K"},
    {GgufType::kQ5K, 256, 176, "Q5_K"},
    {GgufType::kQ6K, 256, 210, "Q6_K"},
}};

using Bytes = const std::byte*;

int byte_at(Bytes bytes, int index) {
  return std::to_integer<int>(bytes[index]);
}
int signed_at(Bytes bytes, int index) {
  return static_cast<std::int8_t>(byte_at(bytes, index));
}
int low(Bytes bytes, int index) {
  return byte_at(bytes, index) & 0xF;
}
int high(Bytes bytes, int index) {
  return byte_at(bytes, index) >> 4;
}
float half_at(Bytes bytes) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, bytes, sizeof(bits));
  return half_to_float(bits);
}

// Blocks of 32. Byte j of `q` holds value j in its low and value j + 16 in its high half.

void q4_0(Bytes block, float* y) {  // half d; q[16]
  const float d = half_at(block);
  const Bytes q = block + 2;
  for (int j = 0; j < 16; ++j) {
    y[j] = static_cast<float>(low(q, j) - 8) * d;
    y[j + 16] = static_cast<float>(high(q, j) - 8) * d;
  }
}

void q4_1(Bytes block, float* y) {  // half d, m; q[16]
  const float d = half_at(block);
  const float m = half_at(block + 2);
  const Bytes q = block + 4;
  for (int j = 0; j < 16; ++j) {
    y[j] = static_cast<float>(low(q, j)) * d + m;
    y[j + 16] = static_cast<float>(high(q, j)) * d + m;
  }
}

/// Bit 4 of value j of a block of 32, from the four bytes of fifth bits.
int fifth_bit(Bytes bits, int j) {
  return ((byte_at(bits, j / 8) >> (j % 8)) & 1) << 4;
}

void q5_0(Bytes block, float* y) {  // half d; fifth bits[4]; q[16]
  const float d = half_at(block);
  const Bytes q = block + 6;
  for (int j = 0; j < 16; ++j) {
    y[j] = static_cast<float>((low(q, j) | fifth_bit(block + 2, j)) - 16) * d;
    y[j + 16] = static_cast<float>((high(q, j) | fifth_bit(block + 2, j + 16)) - 16) * d;
  }
}

void q5_1(Bytes block, float* y) {  // half d, m; fifth bits[4]; q[16]
  const float d = half_at(block);
  const float m = half_at(block + 2);
  const Bytes q = block + 8;
  for (int j = 0; j < 16; ++j) {
    y[j] = static_cast<float>(low(q, j) | fifth_bit(block + 4, j)) * d + m;
    y[j + 16] = static_cast<float>(high(q, j) | fifth_bit(block + 4, j + 16)) * d + m;
  }
}

void q8_0(Bytes block, float* y) {  // half d; int8 q[32]
  const float d = half_at(block);
  for (int j = 0; j < 32; ++j) y[j] = static_cast<float>(signed_at(block + 2, j)) * d;
}

// Blocks of 256, in sub-blocks of 32 (Q4_K, Q5_K) or 16 (Q6_K) that have their own scales.

struct ScaleAndMin {
  int scale;
  int min;
};

/// Six-bit scale and minimum of sub-block j in 0..7, packed in twelve bytes: the first four of each lie whole in
/// q[0..7], the others have their low halves in q[8..11] and their top two bits above those of the first.
ScaleAndMin scale_and_min(Bytes q, int j) {
  if (j < 4) return {byte_at(q, j) & 63, byte_at(q, j + 4) & 63};
  return {low(q, j + 4) | ((byte_at(q, j - 4) >> 6) << 4), high(q, j + 4) | ((byte_at(q, j) >> 6) << 4)};
}

void q4_k(Bytes block, float* y) {  // half d, dmin; scales[12]; q[128]
  const float d = half_at(block);
  const float dmin = half_at(block + 2);
  for (int j = 0; j < 8; ++j) {
    const auto [scale, min] = scale_and_min(block + 4, j);
    const float step = d * static_cast<float>(scale);
    const float offset = dmin * static_cast<float>(min);
    const int q = 16 + 32 * (j / 2);
    for (int l = 0; l < 32; ++l) {
      const int value = j % 2 == 0 ? low(block, q + l) : high(block, q + l);
      y[32 * j + l] = step * static_cast<float>(value) - offset;
    }
  }
}

void q5_k(Bytes block, float* y) {  // half d, dmin; scales[12]; fifth bits[32]; q[128]
  const float d = half_at(block);
  const float dmin = half_at(block + 2);
  for (int j = 0; j < 8; ++j) {
    const auto [scale, min] = scale_and_min(block + 4, j);
    const float step = d * static_cast<float>(scale);
    const float offset = dmin * static_cast<float>(min);
    const int q = 48 + 32 * (j / 2);
    for (int l = 0; l < 32; ++l) {
      const int fifth = ((byte_at(block + 16, l) >> j) & 1) << 4;
      const int value = (j % 2 == 0 ? low(block, q + l) : high(block, q + l)) | fifth;
      y[32 * j + l] = step * static_cast<float>(value) - offset;
    }
  }
}

void q6_k(Bytes block, float* y) {  // low halves[128]; top two bits[64]; int8 scales[16]; half d
  const float d = half_at(block + 208);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128;          // 128 values share 64 low bytes and 32 top bytes
    const int quarter = i % 128 / 32;  // of that half
    const int bottom = 64 * half + 32 * (quarter % 2) + i % 32;
    const int lower = quarter < 2 ? low(block, bottom) : high(block, bottom);
    const int upper = (byte_at(block, 128 + 32 * half + i % 32) >> (2 * quarter)) & 3;
    const float step = d * static_cast<float>(signed_at(block + 192, i / 16));
    y[i] = step * static_cast<float>((lower | (upper << 4)) - 32);
  }
}

template <void (*kDequantizeBlock)(Bytes, float*)>
void each_block(const GgufBlock& block, std::span<const std::byte> blocks, std::span<float> values) {
  const std::size_t count = blocks.size() / block.bytes;
  for (std::size_t i = 0; i < count; ++i) {
    kDequantizeBlock(blocks.data() + i * block.bytes, values.data() + i * block.elements);
  }
}

void widen(Dtype dtype, std::span<const std::byte> blocks, std::span<float> values) {
  std::ranges::copy(to_floats(blocks, dtype), values.begin());
}

}  // namespace

const GgufBlock* find_gguf_block(std::uint32_t type) {
  const auto* const found =
      std::ranges::find_if(kBlocks, [type](const GgufBlock& block) { return block.type == GgufType{type}; });
  return found == kBlocks.end() ? nullptr : found;
}

const GgufBlock& gguf_block(GgufType type) {
  const GgufBlock* const block = find_gguf_block(static_cast<std::uint32_t>(type));
  if (block == nullptr) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{} is not a tensor type", static_cast<std::uint32_t>(type)));
  }
  return *block;
}

void dequantize(GgufType type, std::span<const std::byte> blocks, std::span<float> values) {
  const GgufBlock& block = gguf_block(type);
  if (blocks.size() % block.bytes != 0 || blocks.size() / block.bytes * block.elements != values.size()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{}: {} bytes are not {} values", block.name, blocks.size(), values.size()));
  }
  switch (type) {
    case GgufType::kF32:
      return widen(Dtype::kF32, blocks, values);
    case GgufType::kF16:
      return widen(Dtype::kF16, blocks, values);
    case GgufType::kBF16:
      return widen(Dtype::kBF16, blocks, values);
    case GgufType::kQ40:
      return each_block<q4_0>(block, blocks, values);
    case GgufType::kQ41:
      return each_block<q4_1>(block, blocks, values);
    case GgufType::kQ50:
      return each_block<q5_0>(block, blocks, values);
    case GgufType::kQ51:
      return each_block<q5_1>(block, blocks, values);
    case GgufType::kQ80:
      return each_block<q8_0>(block, blocks, values);
    case GgufType::kQ4K:
      return each_block<q4_k>(block, blocks, values);
    case GgufType::kQ5K:
      return each_block<q5_k>(block, blocks, values);
    case GgufType::kQ6K:
      return each_block<q6_k>(block, blocks, values);
  }
}

}  // namespace prunenet
