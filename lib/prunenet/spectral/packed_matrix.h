#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// A positive semi-definite matrix A (I x I) in a byte for each pair of neurons: an eighth of what A takes in single
/// precision. Second moments H are kept so where blocks are wide, and couplings K (packed_coupling.h).
///
///   A_ij = sqrt(A_ii A_jj) c_ij,  |c_ij| <= 1 as A is positive semi-definite;  c_ij ~ q |q| / 127^2,  q in [-127, 127]
///
/// The diagonal is kept as it is; codes are finer near 0, where most c_ij are. An entry is off by at most
/// sqrt(A_ii A_jj) (sqrt|c_ij| / 127 + 1 / 254^2), in either direction, so that sums over many pairs are far closer:
/// r^T K r of SmolLM2-135M's layers is off by about 0.1 %, see experiments/scale/SPECTRAL.md. Whatever else follows
/// from A, its small eigenvalues for one, is not kept.
class PackedMatrix {
 public:
  /// Rows [first, first + count) of A, columns [0, first + count): asked for from the first row to the last, so that A
  /// need not exist.
  using Strips = std::function<MatrixF(Eigen::Index first, Eigen::Index count)>;

  /// Of no neurons.
  PackedMatrix() = default;
  /// Throws Error(kNumerical) where an entry is NaN or Inf, negative on the diagonal, or larger than its diagonal
  /// allows.
  PackedMatrix(VectorF diagonal, const Strips& strips);
  /// Of a matrix that exists. Throws Error(kInvalidArgument) where it is not square, and as above.
  [[nodiscard]] static PackedMatrix pack(const MatrixF& matrix);
  /// From what `diagonal` and `codes` gave. Throws Error(kInvalidArgument) for codes that are not those of a matrix of
  /// this size, Error(kNumerical) for a diagonal that is negative or not finite.
  PackedMatrix(VectorF diagonal, std::vector<std::int8_t> codes);

  /// I.
  [[nodiscard]] Eigen::Index neurons() const { return diagonal_.size(); }
  /// A_ii.
  [[nodiscard]] const VectorF& diagonal() const { return diagonal_; }
  /// q of strips of 128 rows one after the other, each row-major and as far as the square on the diagonal reaches, that
  /// square whole; 0 on the diagonal.
  [[nodiscard]] const std::vector<std::int8_t>& codes() const { return codes_; }
  /// How many codes a matrix of that size has.
  [[nodiscard]] static std::uint64_t code_count(Eigen::Index neurons);

  /// r^T A r for each row of `rows` (M x I); rounding may leave a tiny negative one. Neurons that are 0 in all rows
  /// cost little.
  [[nodiscard]] VectorD energies(const Eigen::Ref<const MatrixF>& rows) const;
  /// rows A, M x I.
  [[nodiscard]] MatrixF multiply(const Eigen::Ref<const MatrixF>& rows) const;
  /// One row of A.
  [[nodiscard]] VectorF row(Eigen::Index neuron) const;
  /// c of rows [first, first + count) and columns [0, first + count), `first` and `count` as Strips are asked; 0 on the
  /// diagonal.
  [[nodiscard]] MatrixF correlations(Eigen::Index first, Eigen::Index count) const;

 private:
  /// Rows [first, first + count) and columns [0, end) of C: the lower triangle, in blocks of whole squares.
  struct Strip {
    Eigen::Index first = 0;
    Eigen::Index count = 0;
    Eigen::Index end = 0;  ///< first + count
    std::size_t offset = 0;
  };
  static std::vector<Strip> strips_of(Eigen::Index neurons);
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
  /// r^T (A - its diagonal) r of one row, `scaled` by the roots.
  [[nodiscard]] double energy_of_pairs(const std::vector<bool>& wanted, const VectorF& scaled) const;
  void set_diagonal(VectorF diagonal);

  VectorF diagonal_;
  VectorF roots_;  ///< sqrt(A_ii) / 127
  std::vector<Strip> strips_;
  std::vector<std::int8_t> codes_;
};

}  // namespace prunenet
