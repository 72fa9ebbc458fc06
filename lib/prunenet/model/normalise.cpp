#include "prunenet/model/normalise.h"

namespace prunenet {

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& gain, double eps) {
  const torch::Tensor inverse_rms = x.square().mean(-1, true).add_(eps).rsqrt_();
  return (x * inverse_rms) * gain;
}

torch::Tensor normalise(const ModelConfig& config, const NormTensors& norm, const torch::Tensor& x) {
  if (!norm.gain.defined()) return x;
  if (config.norm == NormKind::kRms) return rms_norm(x, norm.gain, config.norm_eps);
  return at::layer_norm(x, {x.size(-1)}, norm.gain, norm.bias, config.norm_eps);
}

}  // namespace prunenet
