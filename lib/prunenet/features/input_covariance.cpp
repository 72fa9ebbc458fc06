#include "prunenet/features/input_covariance.h"

#include <cmath>
#include <string>

namespace prunenet {

namespace {

/// Rows scaled to root mean square 1, as a norm without gain does.
MatrixF normalised_rows(const MatrixF& rows) {
  const VectorF rms = rows.array().square().rowwise().mean().sqrt().max(1e-12F);
  return rms.cwiseInverse().asDiagonal() * rows;
}

}  // namespace

MatrixF value_output_map(const LayerWeights& weights, const ModelConfig& config) {
  const std::int64_t c = config.head_dim;
  const std::int64_t queries_per_value = config.num_attention_heads / config.num_key_value_heads;
  MatrixF map = MatrixF::Zero(config.hidden_size, config.hidden_size);
  for (std::int64_t head = 0; head < config.num_attention_heads; ++head) {
    map.noalias() +=
        weights.o_proj.middleCols(head * c, c) * weights.v_proj.middleRows(head / queries_per_value * c, c);
  }
  return map * weights.attention_norm.asDiagonal();
}

InputCovariance::InputCovariance(const MatrixF& embedding, const ModelConfig& config)
    : config_(config), quadrature_(normal_quadrature(kQuadraturePoints)) {
  const MatrixF rows = normalised_rows(embedding);
  mean_ = rows.colwise().mean();
  embedding_ = unit_trace(rows.transpose() * rows);
  current_ = embedding_;
}

void InputCovariance::add_attention_write(const LayerWeights& weights) {
  const MatrixF map = value_output_map(weights, config_);
  current_ += unit_trace(map * current_ * map.transpose());
}

void InputCovariance::add_covariance_features(const std::string& name, const LayerView& view, const MatrixF& covariance,
                                              FeatureTable& table) {
  const VectorF zero = VectorF::Zero(view.gate.rows());
  const MatrixF gate_mapped = view.gate * covariance;
  PreactivationMoments moments{zero, zero, gate_mapped.cwiseProduct(view.gate).rowwise().sum(),
                               quadratic_forms(view.up, covariance), gate_mapped.cwiseProduct(view.up).rowwise().sum()};
  energy_ = gaussian_response_energy(config_.activation, moments, quadrature_);
  table.add(name + ".log_variance.gate", safe_log(moments.gate_variance));
  table.add(name + ".log_variance.up", safe_log(moments.up_variance));
  table.add(
      name + ".correlation",
      moments.covariance.array() / (moments.gate_variance.array() * moments.up_variance.array()).max(1e-24F).sqrt());
  table.add(name + ".log_energy", safe_log(energy_));
  table.add(name + ".log_write", safe_log(energy_) + 2.0F * safe_log(view.down_norm));
}

void InputCovariance::add_features(const LayerView& view, FeatureTable& table) {
  const auto d = static_cast<float>(config_.hidden_size);
  add_covariance_features("embedding", view, embedding_ * d, table);
  table.add("embedding.mean.gate", (view.gate * mean_).array() / view.gate_norm.array().max(1e-12F));
  table.add("embedding.mean.up", (view.up * mean_).array() / view.up_norm.array().max(1e-12F));
  add_covariance_features("stream", view, unit_trace(current_) * d, table);  // last: its energy is what the FFN writes
}

MatrixF InputCovariance::second_moment(const LayerView& view) const {
  const MatrixF covariance = unit_trace(current_) * static_cast<float>(config_.hidden_size);
  MatrixF gate = view.gate * covariance * view.gate.transpose();
  const MatrixF up = view.up * covariance * view.up.transpose();
  gate.array() *= up.array();
  return gate;
}

void InputCovariance::add_ffn_write(const LayerView& view) {
  current_ += unit_trace(view.down.transpose() * energy_.asDiagonal() * view.down);
}

}  // namespace prunenet
