#include "prunenet/heal/fit.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <limits>
#include <utility>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

bool has_bias(const FitMoments& moments) {
  return moments.response_sum.size() > 0;
}

/// Sums of what cancels may come out below zero.
double share(double error, double target) {
  return target > 0.0 ? std::max(0.0, error) / target : 0.0;
}

Refit no_change(const FitMoments& moments) {
  return {MatrixD::Zero(moments.errors.rows(), moments.errors.cols()), VectorD::Zero(moments.error_sum.size())};
}

}  // namespace

Refit refit(const FitMoments& moments, double lambda) {
  Refit result = no_change(moments);
  const double mean_square = moments.responses.diagonal().mean();
  if (!(mean_square > 0.0)) return result;
  MatrixD shrunk = moments.responses;
  result.weight = moments.errors;
  if (has_bias(moments)) {
    shrunk.noalias() -= moments.response_sum * (moments.response_sum / moments.tokens).transpose();
    result.weight.noalias() -= moments.error_sum * (moments.response_sum / moments.tokens).transpose();
  }
  shrunk.diagonal().array() += lambda * mean_square;
  const Eigen::LLT<Eigen::Ref<MatrixD>> factor(shrunk);
  if (factor.info() != Eigen::Success || !(factor.rcond() > std::numeric_limits<double>::epsilon())) {
    throw Error(
        ErrorKind::kNumerical,
        fmt::format("the second moments of {} kept responses are singular at lambda {}; take a larger lambda, or "
                    "more tokens than neurons",
                    moments.responses.rows(), lambda));
  }
  factor.solveInPlace(result.weight.transpose());
  if (has_bias(moments)) {
    result.bias = (moments.error_sum - result.weight * moments.response_sum) / moments.tokens;
  }
  return result;
}

double error_of(const FitMoments& moments, const Refit& refit) {
  const MatrixD& weight = refit.weight;
  double error = moments.error - 2.0 * weight.cwiseProduct(moments.errors).sum() +
                 (weight * moments.responses).cwiseProduct(weight).sum();
  if (has_bias(moments)) {
    error += moments.tokens * refit.bias.squaredNorm() -
             2.0 * refit.bias.dot(moments.error_sum - weight * moments.response_sum);
  }
  return error;
}

ChosenFit choose_fit(const FitMoments& fitting, const FitMoments& held_out, std::span<const double> lambdas) {
  double least = held_out.error;
  ChosenFit best{.refit = no_change(fitting), .quality = {}};
  for (const double lambda : lambdas) {
    Refit candidate = refit(fitting, lambda);
    const double error = error_of(held_out, candidate);
    if (!(error < least)) continue;
    least = error;
    best = {.refit = std::move(candidate), .quality = {.lambda = lambda}};
  }
  best.quality.error_before = share(fitting.error, fitting.target);
  best.quality.error_after = share(error_of(fitting, best.refit), fitting.target);
  best.quality.held_out_before = share(held_out.error, held_out.target);
  best.quality.held_out_after = share(least, held_out.target);
  return best;
}

}  // namespace prunenet
