// The effective covariance against its definition: whole matrices, one head and one product at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "features/random_weights.h"
#include "prunenet/features/gaussian_energy.h"
#include "prunenet/features/standardize.h"

namespace prunenet {
namespace {

using testing::features_of;
using testing::LayerWeights;
using testing::RandomWeights;

MatrixD scaled_to_trace_one(const MatrixD& matrix) {
  return matrix / matrix.trace();
}

MatrixD embedding_covariance(const MatrixF& embedding) {
  MatrixD rows = embedding.cast<double>();
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    rows.row(i) /= std::sqrt(rows.row(i).squaredNorm() / static_cast<double>(rows.cols()));
  }
  return scaled_to_trace_one(rows.transpose() * rows);
}

MatrixD attention_write(const LayerWeights& layer, const ModelConfig& config, const MatrixD& covariance) {
  MatrixD map = MatrixD::Zero(config.hidden_size, config.hidden_size);
  for (std::int64_t head = 0; head < config.num_attention_heads; ++head) {
    const std::int64_t value_head = head * config.num_key_value_heads / config.num_attention_heads;
    map += layer.o.weight.middleCols(head * config.head_dim, config.head_dim).cast<double>() *
           layer.v.weight.middleRows(value_head * config.head_dim, config.head_dim).cast<double>();
  }
  map = map * layer.attention_norm.gain.cast<double>().asDiagonal();
  return scaled_to_trace_one(map * covariance * map.transpose());
}

/// What `name` of a layer's features should be: the variance of a pre-activation of each neuron, its logarithm,
/// z-scored.
void expect_variances(const std::string& name, const VectorD& variances, const MatrixF& features) {
  const auto& names = feature_names();
  const auto found = std::ranges::find(names, "z(" + name + ")");
  ASSERT_NE(found, names.end()) << name;
  const MatrixD expected = z_scores(variances.array().log().matrix());
  const double residual = (features.col(found - names.begin()).cast<double>() - expected.col(0)).cwiseAbs().maxCoeff();
  ::testing::Test::RecordProperty(name, std::to_string(residual));
  EXPECT_LT(residual, 1e-6) << name;  // features are float
}

TEST(InputCovariance, IsTheSumOfWhatEarlierBlocksWrite) {
  RandomWeights weights(10, 17, 5);
  Rng rng(6);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    weights.mutable_layer(layer).attention_norm.gain = testing::random_matrix(10, 1, rng).array().abs() + 0.1F;
    weights.mutable_layer(layer).ffn_norm.gain = testing::random_matrix(10, 1, rng).array().abs() + 0.1F;
  }
  const std::vector<MatrixF> features = features_of(weights);
  const ModelConfig& config = weights.config();
  const auto d = static_cast<double>(config.hidden_size);
  const MatrixD embedding = embedding_covariance(weights.mutable_embedding());
  MatrixD stream = embedding;
  for (std::size_t l = 0; l < 3; ++l) {
    const LayerWeights& layer = weights.mutable_layer(l);
    stream += attention_write(layer, config, stream);
    const MatrixD gate = layer.gate.weight.cast<double>() * layer.ffn_norm.gain.cast<double>().asDiagonal();
    const MatrixD up = layer.up.weight.cast<double>() * layer.ffn_norm.gain.cast<double>().asDiagonal();
    const MatrixD down = layer.down.weight.transpose().cast<double>();
    const MatrixD of_unit_states = stream * (d / stream.trace());
    const auto variances = [](const MatrixD& rows, const MatrixD& covariance) -> VectorD {
      return (rows * covariance * rows.transpose()).diagonal();
    };
    expect_variances("embedding.log_variance.gate", variances(gate, embedding), features[l]);
    expect_variances("stream.log_variance.gate", variances(gate, stream), features[l]);
    expect_variances("stream.log_variance.up", variances(up, stream), features[l]);
    const VectorD share = variances(down, stream).array() / down.rowwise().squaredNorm().array();
    expect_variances("stream.log_share.down", share, features[l]);
    const PreactivationMoments moments{VectorD::Zero(17), VectorD::Zero(17), variances(gate, of_unit_states),
                                       variances(up, of_unit_states),
                                       (gate * of_unit_states * up.transpose()).diagonal()};
    const VectorD energy = gaussian_response_energy(config.activation, moments, normal_quadrature(kQuadraturePoints));
    expect_variances("stream.log_energy", energy, features[l]);
    stream += scaled_to_trace_one(down.transpose() * energy.asDiagonal() * down);
  }
}

}  // namespace
}  // namespace prunenet
