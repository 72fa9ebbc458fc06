#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// Gram matrices of what is left of an operator, in single precision: the first half of a whole spectrum, for training,
/// which asks for thousands. `SpectralOperator::spectrum` is the same in double, and four times dearer.
///
/// Where most neurons stay, what the removed ones contributed is subtracted from the Gram matrix of the whole.
/// Eigenvalues below about 1e-6 of the largest of the whole are noise. Immutable, so thread-safe.
class KeptGram {
 public:
  /// The response D_S H_SS D_S^T (d x d): D d x I, H = E[h h^T] I x I, symmetric. With R the removed neurons, T the
  /// lower triangle of H_RR, its diagonal halved, and P = D H, it is
  ///   D H D^T - D_R Y^T - Y D_R^T,  Y = P_R - D_R T:
  /// |R|^2 d + 2 |R| d^2 operations. Throws Error(kInvalidArgument) for shapes that do not agree, Error(kNumerical) at
  /// NaN or Inf.
  [[nodiscard]] static KeptGram of_response(const MatrixF& down, MatrixF second_moment);
  /// Of the rows W_S (|S| x n) of W (I x n): W_S^T W_S, or W_S W_S^T where that is smaller; where I <= n, a part of
  /// W W^T, and no product. Throws Error(kNumerical) at NaN or Inf.
  [[nodiscard]] static KeptGram of_rows(MatrixF rows);

  /// I.
  [[nodiscard]] std::int64_t neurons() const { return neurons_; }
  /// How many singular values there are, all but that many eigenvalues being zeros: min(|S|, d), or min(|S|, n).
  [[nodiscard]] std::int64_t count(std::int64_t kept) const;
  /// Whether nothing is left to lose: the Gram matrix of the whole is all zeros.
  [[nodiscard]] bool is_zero() const { return whole_.isZero(0.0F); }
  /// Lower triangle of the Gram matrix; what is above it is arbitrary. `keep_indices` strictly ascending in [0, I), not
  /// empty, else Error(kInvalidArgument).
  [[nodiscard]] Eigen::MatrixXf operator()(std::span<const std::int64_t> keep_indices) const;

 private:
  using Indices = std::vector<Eigen::Index>;
  KeptGram(MatrixF rows, MatrixF second_moment);
  [[nodiscard]] Eigen::MatrixXf response_of(const Indices& neurons, bool subtract) const;
  [[nodiscard]] Eigen::MatrixXf rows_of(const Indices& kept, const Indices& removed) const;

  Eigen::Index neurons_;
  Eigen::Index columns_;   ///< d or n
  MatrixF rows_;           ///< I x d, D^T; or W; empty where W W^T says all
  MatrixF second_moment_;  ///< H; empty for rows
  MatrixF projected_;      ///< P^T = H D^T, I x d; empty for rows
  Eigen::MatrixXf whole_;  ///< Gram matrix where all stay, of side d, or min(I, n)
};

}  // namespace prunenet
