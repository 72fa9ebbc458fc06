#pragma once

#include <Eigen/Core>
#include <array>
#include <vector>

namespace prunenet {

/// A matrix of floats, column by column, each on a boundary of eight and filled up with zeros to a multiple of eight:
/// vectors of a processor are loaded from it without crossing a line of its cache.
class VectorColumns {
 public:
  static constexpr Eigen::Index kLanes = 8;

  /// The next multiple of kLanes.
  static constexpr Eigen::Index padded(Eigen::Index rows) { return (rows + kLanes - 1) / kLanes * kLanes; }

  /// All zeros.
  VectorColumns(Eigen::Index rows, Eigen::Index columns)
      : stride_(padded(rows)), data_(static_cast<std::size_t>(stride_ / kLanes * columns)) {}

  /// From one column to the next: the rows, and those that fill up.
  [[nodiscard]] Eigen::Index stride() const { return stride_; }
  [[nodiscard]] const float* column(Eigen::Index column) const { return data_.data()->data() + column * stride_; }
  [[nodiscard]] float* column(Eigen::Index column) { return data_.data()->data() + column * stride_; }

 private:
  struct alignas(32) Lanes : std::array<float, kLanes> {};

  Eigen::Index stride_;
  std::vector<Lanes> data_;
};

/// y = A x by the lower triangle of a symmetric A (n x n), of its rows and columns from `first` in [0, n) on: BLAS's
/// ssymv, faster than OpenBLAS 0.3.21 has it (tests/bench, `symmetric_products` beside `ssymv`).
///
/// A has n rows and padded(n) columns, those after n zero; x, y and `sums`, which is overwritten, are columns of n
/// rows. With f being `first` rounded down to a multiple of kLanes, x is zero in [f, first) and after n, and y has no
/// meaning there.
void symmetric_product(const VectorColumns& matrix, Eigen::Index first, const float* x, float* y, float* sums);

}  // namespace prunenet
