#pragma once

#include <algorithm>
#include <cmath>

#include "prunenet/core/matrix.h"
#include "prunenet/spectral/packed_matrix.h"

namespace prunenet::testing {

/// Of the arithmetic in single precision beside the stated error.
inline constexpr double kPackedRounding = 1e-5;

/// What packing a correlation adds.
inline double code_error(double correlation) {
  return std::sqrt(std::min(correlation, 1.0)) / 127.0 + 1.0 / (254.0 * 254.0);
}

/// How far an entry of `matrix` may be off once it is packed, as packed_matrix.h says.
inline double packed_once(const MatrixD& matrix, Eigen::Index i, Eigen::Index j) {
  const double root = std::sqrt(matrix(i, i) * matrix(j, j));
  return root * (code_error(std::abs(matrix(i, j)) / root) + kPackedRounding);
}

/// How far an entry of a coupling may be off that was made of a packed second moment, as packed_coupling.h says.
inline double packed_twice(const MatrixD& coupling, Eigen::Index i, Eigen::Index j) {
  const double root = std::sqrt(coupling(i, i) * coupling(j, j));
  const double correlation = std::abs(coupling(i, j)) / root;
  const double before = code_error(correlation);
  return root * (before + code_error(correlation + before) + kPackedRounding);
}

inline MatrixF all_rows(const PackedMatrix& packed) {
  MatrixF rows(packed.neurons(), packed.neurons());
  for (Eigen::Index i = 0; i < rows.rows(); ++i) rows.row(i) = packed.row(i).transpose();
  return rows;
}

}  // namespace prunenet::testing
