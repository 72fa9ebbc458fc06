#include "prunenet/features/layer_view.h"

namespace prunenet {

const LinearWeights& activated_map(const LayerWeights& weights) {
  return weights.gate.weight.size() == 0 ? weights.up : weights.gate;
}

MatrixF behind_norm(const MatrixF& rows, const NormWeights& norm, const ModelConfig& config) {
  if (norm.gain.size() == 0) return rows;
  MatrixF scaled = rows * norm.gain.asDiagonal();
  if (config.norm == NormKind::kLayer) scaled.colwise() -= scaled.rowwise().mean().eval();
  return scaled;
}

LayerView make_layer_view(const LayerWeights& weights, const ModelConfig& config) {
  LayerView view;
  view.gate = behind_norm(activated_map(weights).weight, weights.ffn_norm, config);
  view.up = config.gated ? behind_norm(weights.up.weight, weights.ffn_norm, config) : view.gate;
  view.down = weights.down.weight.transpose();
  const bool scaled = weights.ffn_post_norm.gain.size() > 0 && !config.post_norm_on_stream;
  if (scaled) view.down *= weights.ffn_post_norm.gain.asDiagonal();
  view.gate_norm = view.gate.rowwise().norm();
  view.up_norm = view.up.rowwise().norm();
  view.down_norm = view.down.rowwise().norm();
  return view;
}

VectorF safe_log(const VectorF& values) {
  constexpr float kSmallest = 1e-20F;  // by comparison: a maximum would swallow NaN
  return (values.array() < kSmallest).select(kSmallest, values).array().log();
}

VectorF quadratic_forms(const MatrixF& rows, const MatrixF& metric) {
  const MatrixF mapped = rows * metric;
  return mapped.cwiseProduct(rows).rowwise().sum();
}

MatrixF unit_trace(MatrixF matrix) {
  const float trace = matrix.trace();
  if (trace > 0.0F) matrix /= trace;
  return matrix;
}

}  // namespace prunenet
