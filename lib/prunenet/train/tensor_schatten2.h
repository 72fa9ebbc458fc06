#pragma once

#include <torch/torch.h>

#include <memory>

#include "prunenet/core/matrix.h"
#include "prunenet/train/keep_set_distortion.h"

namespace prunenet {

/// `schatten2` as torch tensors, on any device: what `Schatten2` is on the CPU, operation by operation (products in
/// single precision, sums in double), with rankings and advantages on that device.
///
/// form: the coupling K (I x I), r^T K r / 1^T K 1; or, where `is_sketch`, B (m x I), ||B r||^2 / ||B 1||^2.
/// Throws Error(kNumerical) where it holds NaN or Inf or its energy is not positive, Error(kInvalidArgument) for a
/// coupling that is not square.
[[nodiscard]] std::unique_ptr<KeepSetDistortion> make_tensor_schatten2(const MatrixF& form, bool is_sketch,
                                                                       const torch::Device& device);

}  // namespace prunenet
