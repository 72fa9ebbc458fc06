#include "prunenet/features/neuron_block.h"

namespace prunenet {

namespace {

LinearMap some_rows(const LinearWeights& map, std::int64_t first, std::int64_t count) {
  LinearMap rows{map.weight.middleRows(first, count).cast<double>(), {}};
  if (map.bias.size() > 0) rows.bias = map.bias.segment(first, count).cast<double>();
  return rows;
}

}  // namespace

NormMap to_double(const NormWeights& norm) {
  return {norm.gain.cast<double>(), norm.bias.cast<double>()};
}

LinearMap to_double(const LinearWeights& map) {
  return {map.weight.cast<double>(), map.bias.cast<double>()};
}

MatrixD behind_norm(const MatrixD& rows, const NormMap& norm, const ModelConfig& config) {
  if (norm.gain.size() == 0) return rows;
  MatrixD scaled = rows * norm.gain.asDiagonal();
  if (config.norm == NormKind::kLayer) scaled.colwise() -= scaled.rowwise().mean().eval();
  return scaled;
}

NeuronBlock make_neuron_block(const FfnBlockWeights& weights, const ModelConfig& config, std::int64_t first,
                              std::int64_t count) {
  NeuronBlock block;
  block.gate_map = some_rows(config.gated ? weights.gate : weights.up, first, count);
  block.up_map = config.gated ? some_rows(weights.up, first, count) : block.gate_map;
  block.down_columns = weights.down.weight.middleCols(first, count).transpose().cast<double>();

  const NormMap norm = to_double(weights.norm);
  block.gate = behind_norm(block.gate_map.weight, norm, config);
  block.up = config.gated ? behind_norm(block.up_map.weight, norm, config) : block.gate;
  block.down = block.down_columns;
  const bool scaled = weights.post_norm.gain.size() > 0 && !config.post_norm_on_stream;
  if (scaled) block.down = block.down * weights.post_norm.gain.cast<double>().asDiagonal();
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
