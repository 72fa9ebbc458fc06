#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "prunenet/core/matrix.h"

namespace prunenet {

/// What refitting one down projection needs to know of some tokens: sums over them, or means. k kept responses h of a
/// token, and the error e = t - D_S h that the cut projection D_S (d x k) leaves of a target t.
struct FitMoments {
  double tokens = 0.0;   ///< 1 where all others are means
  MatrixD responses;     ///< h h^T, k x k
  MatrixD errors;        ///< e h^T, d x k
  VectorD response_sum;  ///< h, k; this and the next are empty where there is no bias to fit
  VectorD error_sum;     ///< e, d
  double error = 0.0;    ///< |e|^2
  double target = 0.0;   ///< |t|^2
};

/// What is added to a cut projection and, where one is fitted, to its bias.
struct Refit {
  MatrixD weight;  ///< d x k
  VectorD bias;    ///< d, or empty
};

/// The W (and b) of least  sum |e - W h - b|^2 + lambda m |W|^2,  m the mean of the diagonal of sum h h^T:
///
///     W = E (H + lambda m I)^-1,  H = sum h h^T,  E = sum e h^T,
///
/// with a bias of the moments about the means, and then b = mean(e) - W mean(h). So D_S + W is
/// D' = (C + lambda m D_S) (H + lambda m I)^-1, C = sum t h^T: ridge regression that shrinks to the cut projection in
/// place of 0. It is never worse on these tokens than D_S, and D_S where nothing was removed. Zero where all responses
/// are zero.
/// Throws Error(kNumerical) where the matrix is singular (lambda 0 and fewer tokens than neurons, or equal neurons).
[[nodiscard]] Refit refit(const FitMoments& moments, double lambda);

/// sum |e - W h - b|^2 of these tokens.
[[nodiscard]] double error_of(const FitMoments& moments, const Refit& refit);

/// How well a layer was fitted. Errors are shares of the target's energy.
struct FitQuality {
  std::optional<double> lambda;  ///< nothing where no lambda made the held-out error less: the projection stays
  double error_before = 0.0;     ///< on the fitting tokens
  double error_after = 0.0;
  double held_out_before = 0.0;
  double held_out_after = 0.0;
};

struct ChosenFit {
  Refit refit;  ///< zeros where there is no lambda
  FitQuality quality;
};

/// The refit of least error on held-out tokens, over `lambdas` and leaving the projection as it is.
[[nodiscard]] ChosenFit choose_fit(const FitMoments& fitting, const FitMoments& held_out,
                                   std::span<const double> lambdas);

}  // namespace prunenet
