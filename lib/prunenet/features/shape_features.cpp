#include "prunenet/features/shape_features.h"

#include <limits>
#include <string>

namespace prunenet {

namespace {

MatrixD unit_rows(const MatrixD& rows, const VectorD& norms) {
  return norms.array().max(1e-12).inverse().matrix().asDiagonal() * rows;
}

/// Inner products of unit rows, I x I, with a zero diagonal.
MatrixD cosines(const MatrixD& units) {
  MatrixD products = units * units.transpose();
  products.diagonal().setZero();
  return products;
}

void add_norms(const LayerView& view, FeatureTable& table) {
  const VectorD gate = safe_log(view.gate_norm);
  const VectorD up = safe_log(view.up_norm);
  const VectorD down = safe_log(view.down_norm);
  table.add("log_norm.gate", gate);
  table.add("log_norm.up", up);
  table.add("log_norm.down", down);
  table.add("log_norm.gate_up", gate + up);
  table.add("log_norm.gate_up_down", gate + up + down);
}

void add_moments(const std::string& name, const MatrixD& rows, FeatureTable& table) {
  const VectorD rms = rows.array().square().rowwise().mean().sqrt().max(1e-12);
  const VectorD fourth = rows.array().square().square().rowwise().mean();
  const VectorD largest = rows.array().abs().rowwise().maxCoeff();
  const VectorD mean = rows.rowwise().mean();
  const VectorD fourth_of_rms = rms.array().square().square().max(std::numeric_limits<double>::min());  // of zeros
  table.add("log_kurtosis." + name, safe_log(fourth.array() / fourth_of_rms.array()));
  table.add("log_peak." + name, safe_log(largest.array() / rms.array()));
  table.add("mean." + name, mean.array() / rms.array());
}

}  // namespace

void add_shape_features(const LayerView& view, FeatureTable& table) {
  add_norms(view, table);
  const MatrixD gate = unit_rows(view.gate, view.gate_norm);
  const MatrixD up = unit_rows(view.up, view.up_norm);
  const MatrixD down = unit_rows(view.down, view.down_norm);
  table.add("cosine.gate_up", gate.cwiseProduct(up).rowwise().sum());
  table.add("cosine.gate_down", gate.cwiseProduct(down).rowwise().sum());
  table.add("cosine.up_down", up.cwiseProduct(down).rowwise().sum());
  add_moments("gate", view.gate, table);
  add_moments("up", view.up, table);
  add_moments("down", view.down, table);

  MatrixD pairs = cosines(gate);
  table.add("nearest.gate", pairs.cwiseAbs().rowwise().maxCoeff());
  const MatrixD up_pairs = cosines(up);
  table.add("nearest.up", up_pairs.cwiseAbs().rowwise().maxCoeff());
  pairs.array() *= up_pairs.array();
  table.add("nearest.gate_up", pairs.cwiseAbs().rowwise().maxCoeff());
  table.add("crowd.gate_up", pairs.array().square().rowwise().sum());
  table.add("nearest.down", cosines(down).cwiseAbs().rowwise().maxCoeff());
}

}  // namespace prunenet
