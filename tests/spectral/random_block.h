#pragma once

#include <Eigen/SVD>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/core/rng.h"
#include "prunenet/spectral/spectrum.h"

namespace prunenet::testing {

inline MatrixD random_matrix(Rng& rng, Eigen::Index rows, Eigen::Index columns) {
  MatrixD matrix(rows, columns);
  for (double& value : matrix.reshaped()) value = rng.normal();
  return matrix;
}

/// About half of [0, neurons), ascending.
inline std::vector<std::int64_t> random_keep(Rng& rng, std::int64_t neurons, double share = 0.5) {
  std::vector<std::int64_t> keep;
  for (std::int64_t index = 0; index < neurons; ++index) {
    if (rng.uniform() < share) keep.push_back(index);
  }
  return keep;
}

/// A feed-forward block's write-out: D (d x I), responses X (T x I), H = X^T X / T. H is singular where T < I.
struct RandomBlock {
  RandomBlock(std::uint64_t seed, Eigen::Index hidden, Eigen::Index neurons, Eigen::Index tokens) : rng(seed) {
    down = random_matrix(rng, hidden, neurons);
    responses = random_matrix(rng, tokens, neurons).cwiseMax(-0.2);
    // Neurons of unequal weight, as in a trained model.
    for (Eigen::Index i = 0; i < neurons; ++i) responses.col(i) *= std::exp(rng.normal());
    second_moment = responses.transpose() * responses / static_cast<double>(tokens);
  }

  Rng rng;
  MatrixD down;
  MatrixD responses;
  MatrixD second_moment;
};

/// Slow and trusted: one-sided Jacobi on the matrix itself.
inline VectorD jacobi_singular_values(const MatrixD& matrix) {
  if (matrix.size() == 0) return {};
  return Eigen::JacobiSVD<Eigen::MatrixXd>(matrix).singularValues();
}

/// Slow and trusted: Jacobi on the explicit A_S = M^(1/2) D_S H_SS^(1/2), with roots by an SVD as well.
inline MatrixD jacobi_root(const MatrixD& matrix) {
  if (matrix.size() == 0) return matrix;
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(matrix, Eigen::ComputeFullU | Eigen::ComputeFullV);
  return svd.matrixU() * svd.singularValues().cwiseSqrt().asDiagonal() * svd.matrixU().transpose();
}
inline MatrixD explicit_response(const RandomBlock& block, std::span<const std::int64_t> keep) {
  return block.down(Eigen::all, keep) * jacobi_root(block.second_moment(keep, keep));
}

/// Squares of singular values agree to this share of the largest one's: what a Gram matrix in double can give.
inline double square_residual(const VectorD& actual, const VectorD& expected) {
  if (actual.size() != expected.size()) return std::numeric_limits<double>::infinity();
  if (expected.size() == 0) return 0.0;
  const double scale = expected.squaredNorm();
  return (actual.cwiseAbs2() - expected.cwiseAbs2()).cwiseAbs().maxCoeff() / (scale > 0.0 ? scale : 1.0);
}

}  // namespace prunenet::testing
