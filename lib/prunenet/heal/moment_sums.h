#pragma once

#include <torch/torch.h>

#include "prunenet/heal/fit.h"
#include "prunenet/model/decoder_weights.h"

namespace prunenet {

/// Adds up the moments of one pruned layer: products in float32 where the states are, sums in double.
class MomentSums {
 public:
  explicit MomentSums(const DecoderLayerWeights& kept);

  /// Responses h [N, k] of the pruned layer `kept`, and errors e [N, d] = t - D_S h of its down projection.
  void add(const torch::Tensor& h, const torch::Tensor& errors, const DecoderLayerWeights& kept);

  /// The sums, once. Throws Error(kNumerical) where one is not finite.
  [[nodiscard]] FitMoments take();

 private:
  bool has_bias_;
  double tokens_ = 0.0;
  torch::Tensor responses_;     ///< [k, k] double, as all
  torch::Tensor errors_;        ///< [d, k]
  torch::Tensor response_sum_;  ///< [k]
  torch::Tensor error_sum_;     ///< [d]
  torch::Tensor energies_;      ///< [2]: of errors and targets
};

}  // namespace prunenet
