#include "prunenet/features/layer_view.h"

#include <algorithm>

namespace prunenet {

const LinearMap& activated_map(const LayerMaps& weights) {
  return weights.gate.weight.size() == 0 ? weights.up : weights.gate;
}

MatrixD behind_norm(const MatrixD& rows, const NormMap& norm, const ModelConfig& config) {
  if (norm.gain.size() == 0) return rows;
  MatrixD scaled = rows * norm.gain.asDiagonal();
  if (config.norm == NormKind::kLayer) scaled.colwise() -= scaled.rowwise().mean().eval();
  return scaled;
}

LayerView make_layer_view(const LayerMaps& weights, const ModelConfig& config) {
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

VectorD safe_log(const VectorD& values) {
  constexpr double kSmallest = 1e-20;  // by comparison: a maximum would swallow NaN
  return (values.array() < kSmallest).select(kSmallest, values).array().log();
}

VectorD quadratic_forms(const MatrixD& rows, const MatrixD& metric) {
  const MatrixD mapped = rows * metric;
  return mapped.cwiseProduct(rows).rowwise().sum();
}

RowMoments row_moments(const MatrixF& rows, const std::function<MatrixD(const MatrixD&)>& transform) {
  constexpr Eigen::Index kRowsAtATime = 4096;
  RowMoments moments{VectorD::Zero(rows.cols()), MatrixD::Zero(rows.cols(), rows.cols())};
  for (Eigen::Index first = 0; first < rows.rows(); first += kRowsAtATime) {
    const Eigen::Index count = std::min(kRowsAtATime, rows.rows() - first);
    const MatrixD part = transform(rows.middleRows(first, count).cast<double>());
    moments.mean += part.colwise().sum().transpose();
    moments.gram.noalias() += part.transpose() * part;
  }
  moments.mean /= static_cast<double>(rows.rows());
  return moments;
}

MatrixD unit_trace(MatrixD matrix) {
  const double trace = matrix.trace();
  if (trace > 0.0) matrix /= trace;
  return matrix;
}

}  // namespace prunenet
