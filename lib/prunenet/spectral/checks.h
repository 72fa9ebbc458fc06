#pragma once

#include <fmt/format.h>

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string_view>

#include "prunenet/core/error.h"

/// What the functions of this module have in common when they look at their arguments.
namespace prunenet::spectral_checks {

/// Throws Error(kNumerical) naming the first entry that is NaN or Inf.
template <typename Derived>
void require_finite(const Eigen::MatrixBase<Derived>& matrix, std::string_view name) {
  if (matrix.allFinite()) return;
  for (Eigen::Index row = 0; row < matrix.rows(); ++row) {
    for (Eigen::Index column = 0; column < matrix.cols(); ++column) {
      const double value = matrix(row, column);
      if (Eigen::numext::isfinite(value)) continue;
      throw Error(ErrorKind::kNumerical, fmt::format("{} is not finite: {} at [{}, {}] of {} x {}", name, value, row,
                                                     column, matrix.rows(), matrix.cols()));
    }
  }
}

/// Throws Error(kInvalidArgument) stating both shapes.
template <typename Derived>
void require_shape(const Eigen::MatrixBase<Derived>& matrix, Eigen::Index rows, Eigen::Index columns,
                   std::string_view name) {
  if (matrix.rows() == rows && matrix.cols() == columns) return;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("{} is {} x {}, but {} x {} is needed", name, matrix.rows(), matrix.cols(), rows, columns));
}

/// Throws Error(kInvalidArgument) where `matrix` differs from its transpose by more than 1e-5 of its largest entry.
template <typename Derived>
void require_symmetric(const Eigen::MatrixBase<Derived>& matrix, std::string_view name) {
  require_shape(matrix, matrix.rows(), matrix.rows(), name);
  if (matrix.size() == 0) return;
  const double largest = matrix.cwiseAbs().maxCoeff();
  const double difference = (matrix - matrix.transpose()).cwiseAbs().maxCoeff();
  if (difference <= 1e-5 * largest) return;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("{} ({} x {}) is not symmetric: it differs from its transpose by {:.3g} where its largest "
                          "entry is {:.3g}",
                          name, matrix.rows(), matrix.cols(), difference, largest));
}

/// Throws Error(kInvalidArgument) unless `keep_indices` is strictly ascending within [0, neurons).
inline void require_keep_indices(std::span<const std::int64_t> keep_indices, std::int64_t neurons) {
  std::int64_t previous = -1;
  for (std::size_t position = 0; position < keep_indices.size(); ++position) {
    const std::int64_t index = keep_indices[position];
    if (index < 0 || index >= neurons) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("keep index {} at position {} is outside [0, {})", index, position, neurons));
    }
    if (index <= previous) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("keep index {} at position {} follows {}; indices must be strictly ascending", index,
                              position, previous));
    }
    previous = index;
  }
}

}  // namespace prunenet::spectral_checks
