#include "prunenet/features/input_covariance.h"

#include <string>
#include <utility>

namespace prunenet {

namespace {

/// Rows scaled to root mean square 1, as a norm without gain does.
MatrixD normalised_rows(const MatrixD& rows) {
  const VectorD rms = rows.array().square().rowwise().mean().sqrt().max(1e-12);
  return rms.cwiseInverse().asDiagonal() * rows;
}

/// b + W b_norm: what a map gives for a state of zeros behind its norm; zeros without biases.
VectorD constant_part(const LinearMap& map, const NormMap& norm) {
  VectorD constant = map.bias.size() > 0 ? map.bias : VectorD::Zero(map.weight.rows());
  if (norm.bias.size() > 0) constant += map.weight * norm.bias;
  return constant;
}

}  // namespace

MatrixD value_output_map(const LayerMaps& weights, const ModelConfig& config) {
  const std::int64_t c = config.head_dim;
  const std::int64_t queries_per_value = config.num_attention_heads / config.num_key_value_heads;
  MatrixD map = MatrixD::Zero(config.hidden_size, config.hidden_size);
  for (std::int64_t head = 0; head < config.num_attention_heads; ++head) {
    map.noalias() +=
        weights.o.weight.middleCols(head * c, c) * weights.v.weight.middleRows(head / queries_per_value * c, c);
  }
  if (weights.attention_post_norm.gain.size() > 0 && !config.post_norm_on_stream) {
    map = weights.attention_post_norm.gain.asDiagonal() * map;
  }
  return behind_norm(map, weights.attention_norm, config);
}

InputCovariance::InputCovariance(const MatrixF& embedding, const ModelConfig& config)
    : config_(config), quadrature_(normal_quadrature(kQuadraturePoints)) {
  RowMoments moments = row_moments(embedding, normalised_rows);
  mean_ = std::move(moments.mean);
  embedding_ = unit_trace(std::move(moments.gram));
  current_ = embedding_;
}

void InputCovariance::add_attention_write(const LayerMaps& weights) {
  const MatrixD map = value_output_map(weights, config_);
  current_ += unit_trace(map * current_ * map.transpose());
}

void InputCovariance::add_covariance_features(const std::string& name, const LayerMaps& weights, const LayerView& view,
                                              const MatrixD& covariance, FeatureTable& table) {
  const MatrixD gate_mapped = view.gate * covariance;
  PreactivationMoments moments{constant_part(activated_map(weights), weights.ffn_norm), VectorD::Ones(view.gate.rows()),
                               gate_mapped.cwiseProduct(view.gate).rowwise().sum(), VectorD::Zero(view.gate.rows()),
                               VectorD::Zero(view.gate.rows())};
  if (config_.gated) {
    moments.up_mean = constant_part(weights.up, weights.ffn_norm);
    moments.up_variance = quadratic_forms(view.up, covariance);
    moments.covariance = gate_mapped.cwiseProduct(view.up).rowwise().sum();
  }
  energy_ = gaussian_response_energy(config_.activation, moments, quadrature_);
  table.add(name + ".log_variance.gate", safe_log(moments.gate_variance));
  table.add(name + ".log_variance.up", safe_log(moments.up_variance));
  table.add(name + ".correlation", moments.covariance.array() /
                                       (moments.gate_variance.array() * moments.up_variance.array()).max(1e-24).sqrt());
  table.add(name + ".log_energy", safe_log(energy_));
  table.add(name + ".log_write", safe_log(energy_) + 2.0 * safe_log(view.down_norm));
}

void InputCovariance::add_features(const LayerMaps& weights, const LayerView& view, FeatureTable& table) {
  const auto d = static_cast<double>(config_.hidden_size);
  add_covariance_features("embedding", weights, view, embedding_ * d, table);
  table.add("embedding.mean.gate", (view.gate * mean_).array() / view.gate_norm.array().max(1e-12));
  table.add("embedding.mean.up", (view.up * mean_).array() / view.up_norm.array().max(1e-12));
  add_covariance_features("stream", weights, view, unit_trace(current_) * d,
                          table);  // last: its energy is what the FFN writes
}

MatrixD InputCovariance::second_moment(const LayerView& view) const {
  const MatrixD covariance = unit_trace(current_) * static_cast<double>(config_.hidden_size);
  MatrixD gate = view.gate * covariance * view.gate.transpose();
  if (!config_.gated) return gate;
  const MatrixD up = view.up * covariance * view.up.transpose();
  gate.array() *= up.array();
  return gate;
}

void InputCovariance::add_ffn_write(const LayerView& view) {
  current_ += unit_trace(view.down.transpose() * energy_.asDiagonal() * view.down);
}

}  // namespace prunenet
