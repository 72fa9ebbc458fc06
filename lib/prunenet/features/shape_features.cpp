#include "prunenet/features/shape_features.h"

#include <limits>
#include <string>

namespace prunenet {

namespace {

MatrixF unit_rows(const MatrixF& rows, const VectorF& norms) {
  return norms.array().max(1e-12F).inverse().matrix().asDiagonal() * rows;
}

/// Inner products of unit rows, I x I, with a zero diagonal.
MatrixF cosines(const MatrixF& units) {
  MatrixF products = units * units.transpose();
  products.diagonal().setZero();
  return products;
}

void add_norms(const LayerView& view, FeatureTable& table) {
  const VectorF gate = safe_log(view.gate_norm);
  const VectorF up = safe_log(view.up_norm);
  const VectorF down = safe_log(view.down_norm);
  table.add("log_norm.gate", gate);
  table.add("log_norm.up", up);
  table.add("log_norm.down", down);
  table.add("log_norm.gate_up", gate + up);
  table.add("log_norm.gate_up_down", gate + up + down);
}

void add_moments(const std::string& name, const MatrixF& rows, FeatureTable& table) {
  const VectorF rms = rows.array().square().rowwise().mean().sqrt().max(1e-12F);
  const VectorF fourth = rows.array().square().square().rowwise().mean();
  const VectorF largest = rows.array().abs().rowwise().maxCoeff();
  const VectorF mean = rows.rowwise().mean();
  const VectorF fourth_of_rms = rms.array().square().square().max(std::numeric_limits<float>::min());  // of zeros
  table.add("log_kurtosis." + name, safe_log(fourth.array() / fourth_of_rms.array()));
  table.add("log_peak." + name, safe_log(largest.array() / rms.array()));
  table.add("mean." + name, mean.array() / rms.array());
}

}  // namespace

void add_shape_features(const LayerView& view, FeatureTable& table) {
  add_norms(view, table);
  const MatrixF gate = unit_rows(view.gate, view.gate_norm);
  const MatrixF up = unit_rows(view.up, view.up_norm);
  const MatrixF down = unit_rows(view.down, view.down_norm);
  table.add("cosine.gate_up", gate.cwiseProduct(up).rowwise().sum());
  table.add("cosine.gate_down", gate.cwiseProduct(down).rowwise().sum());
  table.add("cosine.up_down", up.cwiseProduct(down).rowwise().sum());
  add_moments("gate", view.gate, table);
  add_moments("up", view.up, table);
  add_moments("down", view.down, table);

  MatrixF pairs = cosines(gate);
  table.add("nearest.gate", pairs.cwiseAbs().rowwise().maxCoeff());
  const MatrixF up_pairs = cosines(up);
  table.add("nearest.up", up_pairs.cwiseAbs().rowwise().maxCoeff());
  pairs.array() *= up_pairs.array();
  table.add("nearest.gate_up", pairs.cwiseAbs().rowwise().maxCoeff());
  table.add("crowd.gate_up", pairs.array().square().rowwise().sum());
  table.add("nearest.down", cosines(down).cwiseAbs().rowwise().maxCoeff());
}

}  // namespace prunenet
