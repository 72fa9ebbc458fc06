#include "prunenet/features/neuron_block.h"

namespace prunenet {

NormMap to_double(const NormWeights& norm) {
  return {norm.gain.cast<double>(), norm.bias.cast<double>()};
}

LinearMap to_double(const LinearWeights& map) {
  return {map.weight.cast<double>(), map.bias.cast<double>()};
}

MatrixD behind_norm(MatrixD rows, const NormMap& norm, const ModelConfig& config) {
  if (norm.gain.size() == 0) return rows;
  rows = rows * norm.gain.asDiagonal();
  if (config.norm == NormKind::kLayer) rows.colwise() -= rows.rowwise().mean().eval();
  return rows;
}

NeuronBlock make_neuron_block(const NeuronWeights& neurons, const FfnBlockWeights& ffn, const ModelConfig& config) {
  NeuronBlock block;
  block.gate_map = to_double(config.gated ? neurons.gate : neurons.up);
  block.up_map = config.gated ? to_double(neurons.up) : block.gate_map;
  block.down_columns = neurons.down.transpose().cast<double>();

  const NormMap norm = to_double(ffn.norm);
  block.gate = behind_norm(block.gate_map.weight, norm, config);
  block.up = config.gated ? behind_norm(block.up_map.weight, norm, config) : block.gate;
  block.down = block.down_columns;
  const VectorD post_gain = ffn.post_norm.gain.cast<double>();
  if (post_gain.size() > 0 && !config.post_norm_on_stream) block.down = block.down * post_gain.asDiagonal();
  block.gate_norm = block.gate.rowwise().norm();
  block.up_norm = block.up.rowwise().norm();
  block.down_norm = block.down.rowwise().norm();
  return block;
}

VectorD safe_log(const VectorD& values) {
  constexpr double kSmallest = 1e-20;  // by comparison: a maximum would swallow NaN
  return (values.array() < kSmallest).select(kSmallest, values).array().log();
}

MatrixD unit_trace(MatrixD matrix) {
  const double trace = matrix.trace();
  if (trace > 0.0) matrix /= trace;
  return matrix;
}

}  // namespace prunenet
