#include "prunenet/spectral/symmetric_product.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "prunenet/spectral/wide_vectors.h"

namespace prunenet {

namespace {

constexpr std::size_t kColumnsAtOnce = 4;  // as many sums and factors as registers hold

// Vectors of the compiler (GCC's and Clang's): where the processor has none of eight lanes, they become two of four.
using FloatVector [[gnu::vector_size(32)]] = float;
using LaneMask [[gnu::vector_size(32)]] = std::int32_t;

/// From the entry `kLanes - p` on, a mask of the lanes from p on.
constexpr std::array<std::int32_t, 2 * VectorColumns::kLanes> kMasks{0,  0,  0,  0,  0,  0,  0,  0,
                                                                     -1, -1, -1, -1, -1, -1, -1, -1};

template <typename Value>
[[gnu::always_inline]] inline void load_lanes(const void* from, Value& to) {
  std::memcpy(&to, from, sizeof(Value));
}

[[gnu::always_inline]] inline void store_lanes(const FloatVector& value, float* to) {
  std::memcpy(to, &value, sizeof(FloatVector));
}

}  // namespace

PRUNENET_ALSO_FOR("fma")
void symmetric_product(const VectorColumns& matrix, Eigen::Index first, const float* x, float* y, float* sums) {
  constexpr Eigen::Index kLanes = VectorColumns::kLanes;
  const Eigen::Index end = matrix.stride();
  const Eigen::Index begin = first / kLanes * kLanes;
  std::fill(y + begin, y + end, 0.0F);
  for (Eigen::Index column = begin; column < end; column += kColumnsAtOnce) {
    std::array<const float*, kColumnsAtOnce> a{};
    std::array<float, kColumnsAtOnce> factors{};   // of x
    std::array<FloatVector, kColumnsAtOnce> dots;  // of the columns below the diagonal with x
    FloatVector rows_x;
    FloatVector rows_y;
    // The vector that the diagonal goes through: what is above it stands for nothing.
    Eigen::Index row = column / kLanes * kLanes;
    load_lanes(x + row, rows_x);
    load_lanes(y + row, rows_y);
    for (std::size_t j = 0; j < kColumnsAtOnce; ++j) {
      a[j] = matrix.column(column + static_cast<Eigen::Index>(j));
      factors[j] = x[column + static_cast<Eigen::Index>(j)];
      const std::int32_t* from_diagonal = kMasks.data() + kLanes - (column - row) - j;
      LaneMask mask;
      LaneMask entries;
      load_lanes(a[j] + row, entries);
      load_lanes(from_diagonal, mask);
      rows_y += reinterpret_cast<FloatVector>(entries & mask) * factors[j];
      load_lanes(from_diagonal - 1, mask);
      dots[j] = reinterpret_cast<FloatVector>(entries & mask) * rows_x;
    }
    store_lanes(rows_y, y + row);
    for (row += kLanes; row < end; row += kLanes) {
      load_lanes(x + row, rows_x);
      load_lanes(y + row, rows_y);
      for (std::size_t j = 0; j < kColumnsAtOnce; ++j) {
        FloatVector entries;
        load_lanes(a[j] + row, entries);
        rows_y += entries * factors[j];
        dots[j] += entries * rows_x;
      }
      store_lanes(rows_y, y + row);
    }
    // Not added to y at once: the next load of it would wait for four stores of a float.
    const FloatVector pairs = __builtin_shufflevector(dots[0], dots[1], 0, 8, 2, 10, 4, 12, 6, 14) +
                              __builtin_shufflevector(dots[0], dots[1], 1, 9, 3, 11, 5, 13, 7, 15);
    const FloatVector others = __builtin_shufflevector(dots[2], dots[3], 0, 8, 2, 10, 4, 12, 6, 14) +
                               __builtin_shufflevector(dots[2], dots[3], 1, 9, 3, 11, 5, 13, 7, 15);
    const FloatVector halves = __builtin_shufflevector(pairs, others, 0, 1, 8, 9, 4, 5, 12, 13) +
                               __builtin_shufflevector(pairs, others, 2, 3, 10, 11, 6, 7, 14, 15);
    for (std::size_t j = 0; j < kColumnsAtOnce; ++j) {
      sums[column + static_cast<Eigen::Index>(j)] = halves[j] + halves[j + 4];
    }
  }
  for (Eigen::Index row = begin; row < end; ++row) y[row] += sums[row];
}

}  // namespace prunenet
