#include "prunenet/features/read_out.h"

#include <array>
#include <string>

namespace prunenet {

namespace {

constexpr std::array<const char*, 5> kReaders{"gate", "up", "query", "key", "value"};

/// W^T W / ||W||_F^2 of each matrix that reads the stream in a layer, norm gains folded in; in the order of kReaders.
std::array<MatrixD, 5> input_metrics(const LayerMaps& weights, const ModelConfig& config) {
  const auto metric = [&config](const LinearMap& map, const NormMap& norm) {
    const MatrixD scaled = behind_norm(map.weight, norm, config);
    return unit_trace(scaled.transpose() * scaled);
  };
  return {metric(activated_map(weights), weights.ffn_norm), metric(weights.up, weights.ffn_norm),
          metric(weights.q, weights.attention_norm), metric(weights.k, weights.attention_norm),
          metric(weights.v, weights.attention_norm)};
}

MatrixD sum(const std::array<MatrixD, 5>& metrics) {
  return metrics[0] + metrics[1] + metrics[2] + metrics[3] + metrics[4];
}

}  // namespace

ReadOut::ReadOut(const WeightSource& weights, Progress& progress) : config_(weights.config()) {
  const NormMap norm = to_double(weights.final_norm());
  const MatrixF rows = weights.output_projection();
  const RowMoments moments = row_moments(rows, [&](const MatrixD& part) { return behind_norm(part, norm, config_); });
  unembedding_ = unit_trace(moments.gram - static_cast<double>(rows.rows()) * moments.mean * moments.mean.transpose());
  const std::int64_t d = weights.config().hidden_size;
  behind_ = MatrixD::Zero(d, d);
  for (std::int64_t layer = 0; layer < weights.config().num_hidden_layers; ++layer) {
    behind_ += sum(input_metrics(to_double(weights.layer(layer)), config_));
    progress.advance(1);
  }
}

void ReadOut::add_features(const LayerMaps& current, const LayerMaps* next, const LayerView& view,
                           const InputCovariance& covariance, const VectorD& log_energy, FeatureTable& table) {
  behind_ -= sum(input_metrics(current, config_));
  const VectorD log_size = 2.0 * safe_log(view.down_norm);
  const auto add = [&](const std::string& name, const MatrixD& metric) {
    VectorD energy = safe_log(quadratic_forms(view.down, metric));
    table.add("read." + name, energy - log_size);
    return energy;
  };
  if (next != nullptr) {
    const std::array<MatrixD, 5> metrics = input_metrics(*next, config_);
    for (std::size_t i = 0; i < metrics.size(); ++i) add(std::string("next_") + kReaders[i], metrics[i]);
  } else {  // behind the last layer only the unembedding reads
    for (const char* reader : kReaders) add(std::string("next_") + reader, unembedding_);
  }
  const VectorD to_unembedding = add("unembedding", unembedding_);
  const VectorD to_all = add("all_behind", next != nullptr ? unit_trace(behind_) : unembedding_);
  add("stream", unit_trace(covariance.current()));
  add("embedding", covariance.embedding());
  table.add("read.field_unembedding", to_unembedding + log_energy);
  table.add("read.field_all_behind", to_all + log_energy);
}

}  // namespace prunenet
