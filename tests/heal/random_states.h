#pragma once

#include <Eigen/QR>
#include <cmath>
#include <cstdint>

#include "prunenet/core/rng.h"
#include "prunenet/heal/fit.h"
#include "spectral/random_block.h"

namespace prunenet::testing {

/// Kept responses h (N x k) and errors e (N x d) of N tokens, with means that are not zero.
struct RandomStates {
  RandomStates(std::uint64_t seed, Eigen::Index tokens, Eigen::Index d, Eigen::Index k) : rng(seed) {
    responses = random_matrix(rng, tokens, k).array() + 0.3;
    errors = responses * random_matrix(rng, k, d) + 0.5 * random_matrix(rng, tokens, d);
    errors.array() += 0.7;
  }

  [[nodiscard]] FitMoments moments(bool bias) const {
    FitMoments sums;
    sums.tokens = static_cast<double>(responses.rows());
    sums.responses = responses.transpose() * responses;
    sums.errors = errors.transpose() * responses;
    sums.error = errors.squaredNorm();
    sums.target = 2.0 * sums.error;
    if (bias) {
      sums.response_sum = responses.colwise().sum();
      sums.error_sum = errors.colwise().sum();
    }
    return sums;
  }

  /// sum |e - W h - b|^2, token by token.
  [[nodiscard]] double error_with(const Refit& refit) const {
    MatrixD left = errors - responses * refit.weight.transpose();
    if (refit.bias.size() > 0) left.rowwise() -= refit.bias.transpose();
    return left.squaredNorm();
  }

  Rng rng;
  MatrixD responses;
  MatrixD errors;
};

/// The same least squares by QR of the states themselves, with a row for each penalised number and a column of ones for
/// a bias: no moments, no squares of condition numbers.
inline Refit least_squares_by_qr(const MatrixD& responses, const MatrixD& errors, double lambda, bool bias) {
  const Eigen::Index tokens = responses.rows();
  const Eigen::Index k = responses.cols();
  const double mean_square = responses.squaredNorm() / static_cast<double>(k);
  Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(tokens + k, k + (bias ? 1 : 0));
  rows.topLeftCorner(tokens, k) = responses;
  rows.block(tokens, 0, k, k).diagonal().setConstant(std::sqrt(lambda * mean_square));
  if (bias) rows.col(k).head(tokens).setOnes();
  Eigen::MatrixXd right = Eigen::MatrixXd::Zero(tokens + k, errors.cols());
  right.topRows(tokens) = errors;
  const Eigen::MatrixXd solution = rows.colPivHouseholderQr().solve(right);
  Refit refit{.weight = solution.topRows(k).transpose(), .bias = {}};
  if (bias) refit.bias = solution.row(k).transpose();
  return refit;
}

}  // namespace prunenet::testing
