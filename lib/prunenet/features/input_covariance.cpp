#include "prunenet/features/input_covariance.h"

#include <algorithm>
#include <string>
#include <utility>

namespace prunenet {

namespace {

constexpr Eigen::Index kRowsAtATime = 512;

/// Rows scaled to root mean square 1, as a norm without gain does.
MatrixD normalised_rows(MatrixD rows) {
  const VectorD rms = rows.array().square().rowwise().mean().sqrt().max(1e-12);
  rows = rms.cwiseInverse().asDiagonal() * rows;
  return rows;
}

/// b + W b_norm: what a map gives for a state of zeros behind its norm; zeros without biases.
VectorD constant_part(const LinearMap& map, const VectorD& norm_bias) {
  VectorD constant = map.bias.size() > 0 ? map.bias : VectorD::Zero(map.weight.rows());
  if (norm_bias.size() > 0) constant += map.weight * norm_bias;
  return constant;
}

/// x_i^T C y_i of the rows of X and Y (n x d), n, from X T and Y T with T the lower triangle of C: half the
/// multiplications of X C.
VectorD bilinear_forms(const MatrixD& x, const MatrixD& x_lower, const MatrixD& y, const MatrixD& y_lower,
                       const VectorD& diagonal) {
  return (x_lower.cwiseProduct(y) + y_lower.cwiseProduct(x)).rowwise().sum() - x.cwiseProduct(y) * diagonal;
}

/// What attention writes if it copies one state: W_o W_v with the norms around it folded in, d x d.
MatrixD copying_map(const AttentionMap& attention, const ModelConfig& config) {
  MatrixD map = attention.output.weight * attention.values.weight;
  if (attention.post_norm.gain.size() > 0 && !config.post_norm_on_stream) {
    map = attention.post_norm.gain.asDiagonal() * map;
  }
  return behind_norm(std::move(map), attention.norm, config);
}

}  // namespace

InputCovariance::InputCovariance(const ModelConfig& config)
    : config_(config),
      quadrature_(normal_quadrature(kQuadraturePoints)),
      embedding_(MatrixD::Zero(config.hidden_size, config.hidden_size)),
      mean_(VectorD::Zero(config.hidden_size)) {}

void InputCovariance::add_embedding(const MatrixF& words) {
  const MatrixD rows = normalised_rows(words.cast<double>());
  mean_ += rows.colwise().sum().transpose();
  embedding_.selfadjointView<Eigen::Lower>().rankUpdate(rows.transpose());
}

void InputCovariance::finish_embedding() {
  mean_ /= static_cast<double>(config_.vocab_size);
  embedding_ = unit_trace(std::move(embedding_));
  current_ = embedding_;
}

void InputCovariance::pass_attention(const AttentionMap& attention) {
  copying_ = copying_map(attention, config_);
}

void InputCovariance::add_attention_write() {
  if (copying_.size() == 0) return;
  const MatrixD map = std::exchange(copying_, {});
  MatrixD write(map.rows(), map.rows());
  for (Eigen::Index first = 0; first < map.rows(); first += kRowsAtATime) {
    const Eigen::Index count = std::min(kRowsAtATime, map.rows() - first);
    const MatrixD mapped = map.middleRows(first, count) * current_.selfadjointView<Eigen::Lower>();
    write.block(first, 0, count, first + count).noalias() = mapped * map.topRows(first + count).transpose();
  }
  add_write(write);
}

void InputCovariance::add_write(const MatrixD& write) {
  const double trace = write.trace();
  if (trace <= 0.0) return;  // NaN goes on, to be refused where eigenvectors are wanted
  current_.triangularView<Eigen::Lower>() += write / trace;
}

VectorD InputCovariance::add_covariance_features(const std::string& name, const FfnBlockWeights& weights,
                                                 const NeuronBlock& block, const MatrixD& covariance, double scale,
                                                 FeatureTable& table) const {
  const VectorD norm_bias = weights.norm.bias.cast<double>();
  const VectorD diagonal = covariance.diagonal();
  const auto lower_mapped = [&covariance](const MatrixD& rows) -> MatrixD {
    return rows * covariance.triangularView<Eigen::Lower>();
  };
  const MatrixD gate_lower = lower_mapped(block.gate);
  const Eigen::Index count = block.gate.rows();
  PreactivationMoments moments{constant_part(block.gate_map, norm_bias), VectorD::Ones(count),
                               scale * bilinear_forms(block.gate, gate_lower, block.gate, gate_lower, diagonal),
                               VectorD::Zero(count), VectorD::Zero(count)};
  if (config_.gated) {
    moments.up_mean = constant_part(block.up_map, norm_bias);
    const MatrixD up_lower = lower_mapped(block.up);
    moments.up_variance = scale * bilinear_forms(block.up, up_lower, block.up, up_lower, diagonal);
    moments.covariance = scale * bilinear_forms(block.gate, gate_lower, block.up, up_lower, diagonal);
  }
  VectorD energy = gaussian_response_energy(config_.activation, moments, quadrature_);
  const VectorD log_size = 2.0 * safe_log(block.down_norm);
  table.add(name + ".log_variance.gate", safe_log(moments.gate_variance));
  table.add(name + ".log_variance.up", safe_log(moments.up_variance));
  table.add(name + ".correlation", moments.covariance.array() /
                                       (moments.gate_variance.array() * moments.up_variance.array()).max(1e-24).sqrt());
  table.add(name + ".log_energy", safe_log(energy));
  table.add(name + ".log_write", safe_log(energy) + log_size);
  const MatrixD down_lower = lower_mapped(block.down);
  table.add(name + ".log_share.down",
            safe_log(scale * bilinear_forms(block.down, down_lower, block.down, down_lower, diagonal)) - log_size);
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
  if (ffn_write_.size() == 0) ffn_write_ = MatrixD::Zero(config_.hidden_size, config_.hidden_size);
  const MatrixD weighted = energy.cwiseSqrt().asDiagonal() * block.down;
  ffn_write_.selfadjointView<Eigen::Lower>().rankUpdate(weighted.transpose());
}

void InputCovariance::finish_ffn() {
  add_write(ffn_write_);
  ffn_write_ = {};
}

}  // namespace prunenet
