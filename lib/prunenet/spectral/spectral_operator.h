#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/spectral/leading.h"

namespace prunenet {

/// Which matrix of a feed-forward block a distortion looks at. Of I neurons and hidden size d:
/// - `response`: A = D H^(1/2), d x I, with H = E[h h^T] the second moment of the activations;
/// - `gate`, `up`, `down`: the weights themselves, one row a neuron (G, U, D^T; I x d);
/// - `joint`: all of a neuron's weights in one row, [G U D^T] (I x 3d; [U D^T] where the block has no gate).
enum class OperatorKind { kResponse, kGate, kUp, kDown, kJoint };

[[nodiscard]] std::string_view to_string(OperatorKind kind);
/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] OperatorKind parse_operator_kind(std::string_view name);

/// A matrix A made of one piece a neuron, and what is left of it, A_S, when only the neurons of S stay.
///
/// `keep_indices` is strictly ascending in [0, I), else Error(kInvalidArgument). `removed` is M x I, one 0/1 indicator
/// of the removed neurons a row. Const members may be called from several threads.
class SpectralOperator {
 public:
  virtual ~SpectralOperator() = default;
  /// I.
  [[nodiscard]] virtual std::int64_t neurons() const = 0;
  /// Singular values of A_S, descending, all min(sides) of them; none for an empty S.
  [[nodiscard]] virtual VectorD spectrum(std::span<const std::int64_t> keep_indices) const = 0;
  /// Leading ones only, by Spectra on an implicit operator: no Gram matrix is formed.
  [[nodiscard]] virtual LeadingSpectrum leading_spectrum(std::span<const std::int64_t> keep_indices,
                                                         const LeadingOptions& options) const = 0;
  /// ||A - A_S||_F^2 for each of the M rows.
  [[nodiscard]] virtual VectorD removed_energies(const Eigen::Ref<const MatrixD>& removed) const = 0;
  /// ||A||_F^2.
  [[nodiscard]] virtual double total_energy() const = 0;
};

/// The rows of a plain weight kind, one a neuron. `gate` (I x d) may be empty for blocks without one; `up` is I x d,
/// `down` d x I. Throws Error(kInvalidArgument) for kResponse, for kGate without a gate, and for shapes that do not
/// agree.
[[nodiscard]] MatrixF weight_rows(OperatorKind kind, const MatrixF& gate, const MatrixF& up, const MatrixF& down);

/// Their operator.
[[nodiscard]] std::unique_ptr<SpectralOperator> make_weight_operator(OperatorKind kind, const MatrixF& gate,
                                                                     const MatrixF& up, const MatrixF& down);

/// 0, 1, ..., neurons - 1: the keep-set that changes nothing.
[[nodiscard]] std::vector<std::int64_t> all_neurons(std::int64_t neurons);

/// M = 1 indicator (1 x I) of the neurons that `keep_indices` leaves out.
[[nodiscard]] MatrixD removed_indicator(std::span<const std::int64_t> keep_indices, std::int64_t neurons);

}  // namespace prunenet
