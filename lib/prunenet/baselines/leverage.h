#pragma once

#include "prunenet/baselines/method_options.h"
#include "prunenet/baselines/planner.h"

namespace prunenet {

/// Ridge leverage scores of one layer's neurons, [I] (Alaoui and Mahoney 2015, "Fast randomized kernel ridge regression
/// with statistical guarantees"), with J = [G U D^T] (I x 3d), row j_i belonging to neuron i:
///
///   l_i = j_i^T (J^T J + lambda 1)^(-1) j_i = sum_k u_ik^2 sigma_k^2 / (sigma_k^2 + lambda),   J = u sigma v^T,
///   lambda = ||J||_F^2 / min(I, 3d), the mean of sigma_k^2.
///
/// Without lambda every score is 1 where J has full row rank, as it has where I <= 3d: the usual shape of a gated
/// block. By Cholesky of the smaller Gram matrix, in double. Throws Error(kNumerical) where a weight is not finite.
[[nodiscard]] torch::Tensor leverage_scores(const DecoderLayerWeights& weights);

/// `leverage`, no options.
[[nodiscard]] std::unique_ptr<Planner> make_leverage_planner(const MethodOptions& options, const PlannerModel& model,
                                                             const torch::Tensor& calibration);

}  // namespace prunenet
