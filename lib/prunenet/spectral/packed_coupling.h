#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// The coupling K = (D^T D) o H (I x I) of a block in a byte for each pair of neurons: an eighth of what K takes in
/// single precision.
///
///   K_ij = sqrt(K_ii K_jj) c_ij,  |c_ij| <= 1 as K is positive semi-definite;  c_ij ~ q |q| / 127^2,  q in [-127, 127]
///
/// The diagonal is kept as it is; codes are finer near 0, where most c_ij are. An entry is off by at most
/// sqrt(K_ii K_jj) (sqrt|c_ij| / 127 + 1 / 254^2), in either direction, so that sums over many pairs are far closer:
/// r^T K r of SmolLM2-135M's layers is off by about 0.1 %, see experiments/scale/SPECTRAL.md. K itself is never formed.
class PackedCoupling {
 public:
  /// down d x I, second_moment I x I. For a metric M, pass M^(1/2) D. Throws Error(kInvalidArgument) for shapes that do
  /// not agree, Error(kNumerical) where an entry of K is NaN or Inf, or larger than its diagonal allows.
  PackedCoupling(const MatrixF& down, const MatrixF& second_moment);

  /// I.
  [[nodiscard]] Eigen::Index neurons() const { return diagonal_.size(); }
  /// K_ii.
  [[nodiscard]] const VectorF& diagonal() const { return diagonal_; }
  /// Memory that the codes take.
  [[nodiscard]] std::size_t bytes() const { return codes_.size(); }

  /// r^T K r for each row of `rows` (M x I); rounding may leave a tiny negative one. Neurons that are 0 in all rows
  /// cost little.
  [[nodiscard]] VectorD energies(const Eigen::Ref<const MatrixF>& rows) const;
  /// rows K, M x I.
  [[nodiscard]] MatrixF multiply(const Eigen::Ref<const MatrixF>& rows) const;
  /// One row of K.
  [[nodiscard]] VectorF row(Eigen::Index neuron) const;

 private:
  /// Rows [first, first + count) and columns [0, end) of C: the lower triangle, in blocks of whole squares.
  struct Strip {
    Eigen::Index first = 0;
    Eigen::Index count = 0;
    Eigen::Index end = 0;  ///< first + count
    std::size_t offset = 0;
  };
  /// Calls visit(strip, rows, first column, columns) for what is stored of `wanted` rows (I). No piece is both inside
  /// and outside of the square on the diagonal.
  template <typename Visit>
  void for_each_piece(const std::vector<bool>& wanted, Visit visit) const;
  /// The same with 127^2 C of the piece in place of the number of its columns.
  template <typename Visit>
  void for_each_decoded_piece(const std::vector<bool>& wanted, Visit visit) const;
  /// Some columns of a row of a strip.
  [[nodiscard]] std::span<const std::int8_t> codes(const Strip& strip, Eigen::Index row, Eigen::Index column,
                                                   Eigen::Index columns) const;
  /// r^T (K - its diagonal) r of one row, `scaled` by the roots.
  [[nodiscard]] double energy_of_pairs(const std::vector<bool>& wanted, const VectorF& scaled) const;

  VectorF diagonal_;
  VectorF roots_;  ///< sqrt(K_ii) / 127
  std::vector<Strip> strips_;
  std::vector<std::int8_t> codes_;  ///< of strips one after the other, row-major; 0 on the diagonal
};

}  // namespace prunenet
