#include "prunenet/features/mean_field.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/rng.h"
#include "prunenet/features/activation.h"

namespace prunenet {

namespace {

constexpr Eigen::Index kMixed = 512;
constexpr Eigen::Index kSolo = 64;
constexpr std::int64_t kPartners = 8;   // other states that a mixed state attends to
constexpr double kSoloAttention = 0.5;  // weight on the solo states
constexpr double kSelfAttention = 0.2;  // share of the rest on the state itself
constexpr double kZipfOffset = 200.0;
constexpr std::uint64_t kSeed = 20'230'607;  // part of the definition of the features

std::vector<Eigen::Index> zipf_ids(Eigen::Index vocabulary, Eigen::Index count, Rng& rng) {
  std::vector<double> cumulative;
  double total = 0.0;
  for (Eigen::Index id = 0; id < vocabulary; ++id) {
    cumulative.push_back(total += 1.0 / (static_cast<double>(id) + kZipfOffset));
  }
  std::vector<Eigen::Index> ids;
  for (Eigen::Index i = 0; i < count; ++i) {
    const auto found = std::upper_bound(cumulative.begin(), cumulative.end(), rng.uniform() * total);
    ids.push_back(std::min<Eigen::Index>(found - cumulative.begin(), vocabulary - 1));
  }
  return ids;
}

MatrixD mixing_matrix(Rng& rng) {
  MatrixD mixing = MatrixD::Zero(kMixed, kMixed);
  for (Eigen::Index row = 0; row < kMixed; ++row) {
    for (std::int64_t partner = 0; partner < kPartners; ++partner) {
      mixing(row, static_cast<Eigen::Index>(rng.below(kMixed))) += 1.0 / static_cast<double>(kPartners);
    }
  }
  return mixing;
}

/// rows W^T + b
MatrixD mapped(const MatrixD& rows, const LinearMap& map) {
  MatrixD result = rows * map.weight.transpose();
  if (map.bias.size() > 0) result.rowwise() += map.bias.transpose();
  return result;
}

VectorD mean_square(const MatrixD& columns) {
  return columns.array().square().colwise().mean().transpose();
}

}  // namespace

MeanField::MeanField(const ModelConfig& config)
    : config_(config),
      quadrature_(normal_quadrature(kQuadraturePoints)),
      states_(MatrixD::Zero(kMixed + kSolo, config.hidden_size)) {
  Rng rng(kSeed);
  words_ = zipf_ids(config.vocab_size, states_.rows(), rng);
  mixing_ = mixing_matrix(rng);
}

void MeanField::add_embedding(std::int64_t first, const MatrixF& words) {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (words_[i] < first || words_[i] >= first + words.rows()) continue;
    states_.row(static_cast<Eigen::Index>(i)) = words.row(words_[i] - first).cast<double>();
  }
}

void MeanField::finish_embedding() {
  states_ *= config_.embedding_multiplier;
}

MatrixD MeanField::normalised(const MatrixD& rows, const NormMap& norm) const {
  if (norm.gain.size() == 0) return rows;
  MatrixD centred = rows;
  if (config_.norm == NormKind::kLayer) centred.colwise() -= rows.rowwise().mean();
  const VectorD mean_squares = centred.array().square().rowwise().mean();
  // The smallest normal number stands for an epsilon of 0, so that a state of zeros stays one.
  const VectorD scale = (mean_squares.array() + config_.norm_eps).max(std::numeric_limits<double>::min()).rsqrt();
  MatrixD result = scale.asDiagonal() * centred * norm.gain.asDiagonal();
  if (norm.bias.size() > 0) result.rowwise() += norm.bias.transpose();
  return result;
}

void MeanField::add_branch(MatrixD written, const NormMap& post_norm, const std::string& writer) {
  if (!config_.post_norm_on_stream) written = normalised(written, post_norm);
  states_ += config_.residual_multiplier * written;
  if (config_.post_norm_on_stream) states_ = normalised(states_, post_norm);
  // Squares that overflow would make the norm of the next block a zero instead.
  if (std::isfinite(states_.squaredNorm())) return;
  throw Error(ErrorKind::kNumerical,
              "the states are not finite, or too large to square, behind " + writer + "; its weights are damaged");
}

void MeanField::apply_attention(const AttentionMap& attention) {
  const MatrixD values = mapped(normalised(states_, attention.norm), attention.values);  // [states, K c]
  const MatrixD mixed = values.topRows(kMixed);
  const MatrixD solo = values.bottomRows(kSolo);
  MatrixD attended(values.rows(), values.cols());
  attended.topRows(kMixed) =
      (1.0 - kSoloAttention) * (kSelfAttention * mixed + (1.0 - kSelfAttention) * (mixing_ * mixed));
  attended.topRows(kMixed).rowwise() += kSoloAttention * solo.colwise().mean();
  attended.bottomRows(kSolo) = solo;
  add_branch(mapped(attended, attention.output), attention.post_norm, "attention");
}

void MeanField::begin_ffn(const FfnBlockWeights& weights) {
  inputs_ = normalised(states_, to_double(weights.norm));
  written_ = MatrixD::Zero(states_.rows(), states_.cols());
}

void MeanField::add_features(const NeuronBlock& block, FeatureTable& table) {
  const MatrixD gate = mapped(inputs_, block.gate_map);
  const MatrixD up = config_.gated ? mapped(inputs_, block.up_map) : MatrixD::Ones(gate.rows(), gate.cols());
  const MatrixD response = gated_response(config_.activation, gate, up);
  written_.noalias() += response * block.down_columns;

  const MatrixD mixed = response.topRows(kMixed);
  const VectorD energy = mean_square(mixed);
  const VectorD scale = energy.array().max(1e-20).sqrt();
  const VectorD fourth = mixed.array().square().square().colwise().mean().transpose();
  const VectorD write = 2.0 * safe_log(block.down_norm);
  const VectorD log_energy = safe_log(energy);
  table.add("field.log_energy", log_energy);
  table.add("field.log_write", log_energy + write);
  table.add("field.log_size", safe_log(mixed.cwiseAbs().colwise().mean().transpose()));
  const VectorD fourth_of_scale = scale.array().square().square().max(std::numeric_limits<double>::min());  // of zeros
  table.add("field.log_kurtosis", safe_log(fourth.array() / fourth_of_scale.array()));
  table.add("field.mean", mixed.colwise().mean().transpose().array() / scale.array());
  const VectorD solo_energy = safe_log(mean_square(response.bottomRows(kSolo)));
  table.add("field.solo.log_energy", solo_energy);
  table.add("field.solo.log_write", solo_energy + write);
  table.add("field.open", (gate.topRows(kMixed).array() > 0.0).cast<double>().colwise().mean().transpose().matrix());

  // The same under a normal distribution with the population's mean and covariance: smoother in the tails.
  const VectorD gate_mean = gate.topRows(kMixed).colwise().mean();
  const VectorD up_mean = up.topRows(kMixed).colwise().mean();
  const MatrixD centred_gate = gate.topRows(kMixed).rowwise() - gate_mean.transpose();
  const MatrixD centred_up = up.topRows(kMixed).rowwise() - up_mean.transpose();
  const PreactivationMoments moments{gate_mean, up_mean, mean_square(centred_gate), mean_square(centred_up),
                                     centred_gate.cwiseProduct(centred_up).colwise().mean().transpose()};
  const VectorD normal_energy = safe_log(gaussian_response_energy(config_.activation, moments, quadrature_));
  const VectorD orientation = moments.covariance.array().sign();
  table.add("field.mean.gate", moments.gate_mean);
  table.add("field.mean.up", moments.up_mean.cwiseProduct(orientation));
  table.add("field.log_variance.gate", safe_log(moments.gate_variance));
  table.add("field.log_variance.up", safe_log(moments.up_variance));
  table.add("field.correlation", moments.covariance.array() /
                                     (moments.gate_variance.array() * moments.up_variance.array()).max(1e-24).sqrt());
  table.add("field.normal.log_energy", normal_energy);
  table.add("field.normal.log_write", normal_energy + write);
}

void MeanField::finish_ffn(const FfnBlockWeights& weights) {
  if (weights.down_bias.size() > 0) written_.rowwise() += weights.down_bias.cast<double>().transpose();
  add_branch(std::move(written_), to_double(weights.post_norm), "the FFN");
}

}  // namespace prunenet
