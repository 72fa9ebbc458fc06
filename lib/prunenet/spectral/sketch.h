#pragma once

#include <cstdint>

#include "prunenet/core/matrix.h"
#include "prunenet/core/rng.h"

namespace prunenet {

/// A random sketch B (m x I) of the coupling K = (D^T D) o H, for blocks whose K (I x I) should not exist.
///
///   X  T x I  responses, H = X^T X / T        P  m x d, Q  m x T  independent random signs
///   B = (P D) o (Q X) / sqrt(m T),  E[B^T B] = K
///
/// so that ||B r||^2 estimates r^T K r with a relative deviation of at most sqrt(8 / m). Q X accumulates while the
/// probe runs, and T need not be known; the signs of a token depend on the seed and its place in the stream alone, not
/// on how the stream is cut into batches.
class ResponseSketch {
 public:
  /// Throws Error(kInvalidArgument) unless both sizes are positive.
  ResponseSketch(std::int64_t sketch_size, std::int64_t neurons, std::uint64_t seed);

  /// More responses (t x I). Throws Error(kInvalidArgument) where columns are not I, Error(kNumerical) at NaN or Inf.
  void add(const Eigen::Ref<const MatrixF>& responses);

  /// T so far.
  [[nodiscard]] std::int64_t tokens() const { return tokens_; }

  /// B for a down projection (d x I); for a metric M, pass M^(1/2) D. The same signs P for the same seed and d.
  /// Throws Error(kInvalidArgument) where columns are not I or no token was added.
  [[nodiscard]] MatrixF coupling_sketch(const MatrixF& down) const;

 private:
  std::uint64_t seed_;
  Rng token_signs_;
  MatrixF projected_;  ///< Q X, m x I
  std::int64_t tokens_ = 0;
};

}  // namespace prunenet
