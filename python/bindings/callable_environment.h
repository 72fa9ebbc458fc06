#pragma once

#include <vector>

#include "common.h"
#include "prunenet/core/matrix.h"
#include "prunenet/train/environment.h"

namespace prunenet::python {

/// Layers with features, and a distortion that a Python callable computes: distortion(layer, keep_indices) of ascending
/// int64 [M, k] gives M numbers, at least 0. Only estimators without swaps can use it. May be called without the
/// interpreter's lock.
class CallableEnvironment final : public Environment {
 public:
  /// `held_out` chooses among policies; None: `distortion` does that, too.
  CallableEnvironment(const std::vector<MatrixF>& features, py::object distortion, const py::object& held_out);

  [[nodiscard]] std::int64_t num_layers() const override;
  [[nodiscard]] const torch::Tensor& features(std::int64_t layer) const override;
  [[nodiscard]] std::vector<double> distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                std::int64_t kept) const override;
  [[nodiscard]] SwapRewards swap_rewards(std::int64_t layer, const torch::Tensor& rankings,
                                         std::int64_t kept) const override;
  [[nodiscard]] std::vector<double> held_out_distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                         std::int64_t kept) const override;

 private:
  std::vector<torch::Tensor> features_;
  py::object distortion_;
  py::object held_out_;
};

}  // namespace prunenet::python
