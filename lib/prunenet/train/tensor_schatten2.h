#pragma once

#include <torch/torch.h>

#include <memory>

#include "prunenet/core/matrix.h"
#include "prunenet/train/keep_set_distortion.h"

namespace prunenet {

/// `schatten2` as torch tensors, on any device: what `Schatten2` is on the CPU, operation by operation (products in
/// single precision, sums in double), with rankings and advantages on that device.
///
/// coupling: K (I x I), r^T K r / 1^T K 1. Throws Error(kNumerical) where it holds NaN or Inf or its energy is not
/// positive, Error(kInvalidArgument) where it is not square.
[[nodiscard]] std::unique_ptr<KeepSetDistortion> make_tensor_schatten2(const MatrixF& coupling,
                                                                       const torch::Device& device);

}  // namespace prunenet
