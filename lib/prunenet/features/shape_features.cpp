#include "prunenet/features/shape_features.h"

#include <limits>
#include <string>

namespace prunenet {

namespace {

MatrixD unit_rows(const MatrixD& rows, const VectorD& norms) {
  return norms.array().max(1e-12).inverse().matrix().asDiagonal() * rows;
}

void add_norms(const NeuronBlock& block, FeatureTable& table) {
  const VectorD gate = safe_log(block.gate_norm);
  const VectorD up = safe_log(block.up_norm);
  const VectorD down = safe_log(block.down_norm);
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

void add_shape_features(const NeuronBlock& block, FeatureTable& table) {
  add_norms(block, table);
  const MatrixD gate = unit_rows(block.gate, block.gate_norm);
  const MatrixD up = unit_rows(block.up, block.up_norm);
  const MatrixD down = unit_rows(block.down, block.down_norm);
  table.add("cosine.gate_up", gate.cwiseProduct(up).rowwise().sum());
  table.add("cosine.gate_down", gate.cwiseProduct(down).rowwise().sum());
  table.add("cosine.up_down", up.cwiseProduct(down).rowwise().sum());
  add_moments("gate", block.gate, table);
  add_moments("up", block.up, table);
  add_moments("down", block.down, table);
}

}  // namespace prunenet
