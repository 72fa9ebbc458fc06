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
VectorD constant_part(const LinearMap& map, const VectorD& norm_bias) {
  VectorD constant = map.bias.size() > 0 ? map.bias : VectorD::Zero(map.weight.rows());
  if (norm_bias.size() > 0) constant += map.weight * norm_bias;
  return constant;
}

}  // namespace

MatrixD value_output_map(const AttentionWeights& weights, const ModelConfig& config) {
  const std::int64_t c = config.head_dim;
  const std::int64_t queries_per_value = config.num_attention_heads / config.num_key_value_heads;
  const MatrixD v = weights.v.weight.cast<double>();
  MatrixD map = MatrixD::Zero(config.hidden_size, config.hidden_size);
  for (std::int64_t head = 0; head < config.num_attention_heads; ++head) {
    map.noalias() +=
        weights.o.weight.middleCols(head * c, c).cast<double>() * v.middleRows(head / queries_per_value * c, c);
  }
  if (weights.post_norm.gain.size() > 0 && !config.post_norm_on_stream) {
    map = weights.post_norm.gain.cast<double>().asDiagonal() * map;
  }
  return behind_norm(map, to_double(weights.norm), config);
}

InputCovariance::InputCovariance(const WeightSource& weights)
    : config_(weights.config()), quadrature_(normal_quadrature(kQuadraturePoints)) {
  const std::int64_t d = config_.hidden_size;
  mean_ = VectorD::Zero(d);
  embedding_ = MatrixD::Zero(d, d);
  weights.visit_embedding([this](std::int64_t /*first*/, const MatrixF& words) {
    const MatrixD rows = normalised_rows(words.cast<double>());
    mean_ += rows.colwise().sum().transpose();
    embedding_.noalias() += rows.transpose() * rows;
  });
  mean_ /= static_cast<double>(config_.vocab_size);
  embedding_ = unit_trace(std::move(embedding_));
  current_ = embedding_;
  ffn_write_ = MatrixD::Zero(d, d);
}

void InputCovariance::add_attention_write(const AttentionWeights& weights) {
  const MatrixD map = value_output_map(weights, config_);
  const MatrixD mapped = map * current_;
  current_ += unit_trace(mapped * map.transpose());
}

VectorD InputCovariance::add_covariance_features(const std::string& name, const FfnBlockWeights& weights,
                                                 const NeuronBlock& block, const MatrixD& covariance, double scale,
                                                 FeatureTable& table) const {
  const auto forms = [&](const MatrixD& mapped, const MatrixD& rows) -> VectorD {
    return scale * mapped.cwiseProduct(rows).rowwise().sum();
  };
  const VectorD norm_bias = weights.norm.bias.cast<double>();
  const MatrixD gate_mapped = block.gate * covariance;
  const Eigen::Index count = block.gate.rows();
  PreactivationMoments moments{constant_part(block.gate_map, norm_bias), VectorD::Ones(count),
                               forms(gate_mapped, block.gate), VectorD::Zero(count), VectorD::Zero(count)};
  if (config_.gated) {
    moments.up_mean = constant_part(block.up_map, norm_bias);
    moments.up_variance = forms(block.up * covariance, block.up);
    moments.covariance = forms(gate_mapped, block.up);
  }
  VectorD energy = gaussian_response_energy(config_.activation, moments, quadrature_);
  const VectorD log_size = 2.0 * safe_log(block.down_norm);
  table.add(name + ".log_variance.gate", safe_log(moments.gate_variance));
  table.add(name + ".log_variance.up", safe_log(moments.up_variance));
  table.add(name + ".correlation", moments.covariance.array() /
                                       (moments.gate_variance.array() * moments.up_variance.array()).max(1e-24).sqrt());
  table.add(name + ".log_energy", safe_log(energy));
  table.add(name + ".log_write", safe_log(energy) + log_size);
  table.add(name + ".log_share.down", safe_log(forms(block.down * covariance, block.down)) - log_size);
  return energy;
}

void InputCovariance::add_features(const FfnBlockWeights& weights, const NeuronBlock& block, FeatureTable& table) {
  const auto d = static_cast<double>(config_.hidden_size);
  add_covariance_features("embedding", weights, block, embedding_, d, table);
  table.add("embedding.mean.gate", (block.gate * mean_).array() / block.gate_norm.array().max(1e-12));
  table.add("embedding.mean.up", (block.up * mean_).array() / block.up_norm.array().max(1e-12));
  const double trace = current_.trace();
  const VectorD energy =
      add_covariance_features("stream", weights, block, current_, trace > 0.0 ? d / trace : d, table);
  ffn_write_.noalias() += block.down.transpose() * (energy.asDiagonal() * block.down);
}

void InputCovariance::finish_ffn() {
  const double trace = ffn_write_.trace();
  if (trace > 0.0) current_ += ffn_write_ / trace;
  ffn_write_.setZero();
}

}  // namespace prunenet
