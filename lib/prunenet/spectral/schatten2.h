#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "prunenet/core/matrix.h"
#include "prunenet/spectral/packed_matrix.h"

namespace prunenet {

/// K = (D^T D) o H (I x I) of a down projection (d x I) and a second moment of responses (I x I): r^T K r is the energy
/// that removing the neurons of r takes from the block's output. For a metric M, pass M^(1/2) D.
/// Throws Error(kInvalidArgument) for shapes that do not agree.
[[nodiscard]] MatrixD response_coupling(const MatrixD& down, const MatrixD& second_moment);
[[nodiscard]] MatrixF response_coupling(const MatrixF& down, const MatrixF& second_moment);

/// The `schatten2` distortion of many keep-sets of one layer at once, for training: one matrix product a call.
///
/// By Mirsky's theorem ||A - A_S||_F^2 / ||A||_F^2 bounds the `mirsky` distortion from above, and it needs no
/// decomposition. Two forms of r^T K r / 1^T K 1: exact, and packed, of an eighth of the memory (see
/// packed_coupling.h), for wide blocks.
class Schatten2 {
 public:
  /// K (I x I). Throws Error(kInvalidArgument) where it is not square, Error(kNumerical) where it holds NaN or Inf or
  /// its sum is not positive.
  [[nodiscard]] static Schatten2 from_coupling(MatrixF coupling);
  /// Throws Error(kNumerical) where its sum is not positive.
  [[nodiscard]] static Schatten2 from_packed(PackedMatrix coupling);

  /// One distortion a row of `removed` (M x I, 0/1 indicators of the removed neurons), never negative: 0 where nothing
  /// is removed and, to single precision, 1 where everything is. Throws Error(kInvalidArgument) where columns are not
  /// I.
  [[nodiscard]] VectorD operator()(const Eigen::Ref<const MatrixF>& removed) const;

  /// log of the distortion after one swap, for every neuron: entry (m, i) exchanges neuron i with a neuron of the other
  /// side, `swap_in[m]` (removed so far) where i is kept, `swap_out[m]` (kept so far) where i is removed. The energy
  /// f = r^T K r becomes f + 2 (q_i - q_b) + K_ii + K_bb - 2 K_ib, q = K r, or its mirror image: all I swaps cost one
  /// product. Swapping a neuron with itself changes nothing. Shapes: removed M x I; result M x I.
  /// Throws Error(kInvalidArgument) unless each list holds M neurons of [0, I).
  [[nodiscard]] MatrixD log_swapped(const Eigen::Ref<const MatrixF>& removed, std::span<const std::int64_t> swap_in,
                                    std::span<const std::int64_t> swap_out) const;

  [[nodiscard]] Eigen::Index neurons() const { return diagonal_.size(); }

 private:
  struct Exact {
    MatrixF coupling;  ///< K
  };
  using Form = std::variant<Exact, PackedMatrix>;

  Schatten2(Form form, VectorD diagonal);
  /// r^T K r, K r and a row of K, each as the form has it.
  [[nodiscard]] VectorD energies(const Eigen::Ref<const MatrixF>& removed) const;
  [[nodiscard]] MatrixF coupled(const Eigen::Ref<const MatrixF>& removed) const;
  [[nodiscard]] VectorD coupling_row(Eigen::Index neuron) const;

  Form form_;
  VectorD diagonal_;  ///< of K
  double total_energy_ = 0.0;
};

}  // namespace prunenet
