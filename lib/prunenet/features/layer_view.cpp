#include "prunenet/features/layer_view.h"

namespace prunenet {

LayerView make_layer_view(const LayerWeights& weights) {
  LayerView view;
  view.gate = weights.gate * weights.ffn_norm.asDiagonal();
  view.up = weights.up * weights.ffn_norm.asDiagonal();
  view.down = weights.down.transpose();
  view.gate_norm = view.gate.rowwise().norm();
  view.up_norm = view.up.rowwise().norm();
  view.down_norm = view.down.rowwise().norm();
  return view;
}

VectorF safe_log(const VectorF& values) {
  return values.array().max(1e-20F).log();
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
