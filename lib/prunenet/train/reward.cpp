#include "prunenet/train/reward.h"

#include <fmt/format.h>

#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/named_values.h"
#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/metric.h"
#include "prunenet/spectral/packed_coupling.h"
#include "prunenet/train/tensor_schatten2.h"

namespace prunenet {

namespace {

KeptGram make_gram(const RewardLayer& layer) {
  const OperatorKind kind = layer.options.operator_kind;
  const FfnWeights& weights = layer.weights;
  if (kind == OperatorKind::kResponse) return KeptGram::of_response(weights.down, exact_second_moment(layer));
  return KeptGram::of_rows(weight_rows(kind, weights.gate, weights.up, weights.down));
}

constexpr NamedValues<OutputMetric, 2> kMetrics{{{OutputMetric::kOutput, "output"}, {OutputMetric::kLoss, "loss"}}};

constexpr std::int64_t kPackedWidth = 4096;  // wider couplings are packed on the CPU: K would take 64 MB and more

std::unique_ptr<KeepSetDistortion> of_packed(PackedMatrix coupling) {
  if (coupling.diagonal().isZero(0.0F)) return make_keep_set_distortion_of_nothing();
  return make_keep_set_distortion(Schatten2::from_packed(std::move(coupling)));
}

std::unique_ptr<KeepSetDistortion> of_quadratic_response(const FfnWeights& weights, const ResponseMoments& moments,
                                                         const torch::Device& device) {
  if (!moments.is_exact()) return of_packed(pack_coupling(weights.down, moments.packed));
  if (moments.second_moment.rows() > kPackedWidth && device.is_cpu()) {
    return of_packed(pack_coupling(weights.down, moments.second_moment));
  }
  MatrixF coupling = response_coupling(weights.down, moments.second_moment);
  if (coupling.isZero(0.0F)) return make_keep_set_distortion_of_nothing();
  if (!device.is_cpu()) return make_tensor_schatten2(coupling, device);
  return make_keep_set_distortion(Schatten2::from_coupling(std::move(coupling)));
}

std::unique_ptr<KeepSetDistortion> of_weight_rows(OperatorKind kind, const FfnWeights& weights) {
  std::shared_ptr<const SpectralOperator> rows = make_weight_operator(kind, weights.gate, weights.up, weights.down);
  if (rows->total_energy() == 0.0) return make_keep_set_distortion_of_nothing();
  return make_keep_set_distortion(DistortionProblem(std::move(rows), Distortion::kSchatten2));
}

std::unique_ptr<KeepSetDistortion> of_schatten2(const RewardLayer& layer) {
  return layer.options.operator_kind == OperatorKind::kResponse
             ? of_quadratic_response(layer.weights, layer.moments, layer.device)
             : of_weight_rows(layer.options.operator_kind, layer.weights);
}

MakeDistortion of_spectra(Distortion distortion) {
  return [distortion](const RewardLayer& layer) {
    KeptGram gram = make_gram(layer);
    return gram.is_zero() ? make_keep_set_distortion_of_nothing()
                          : make_keep_set_distortion(SpectrumDistortion(std::move(gram), distortion));
  };
}

}  // namespace

std::string_view to_string(OutputMetric metric) {
  return name_of(kMetrics, metric);
}

OutputMetric parse_output_metric(std::string_view name) {
  return value_named(kMetrics, "metric", name);
}

void check(const RewardOptions& options, const RewardRegistry& rewards) {
  static_cast<void>(rewards.at(options.distortion));
  if (options.metric == OutputMetric::kOutput || options.operator_kind == OperatorKind::kResponse) return;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("reward.metric 'loss' is of operator 'response', and has no effect with '{}'",
                          to_string(options.operator_kind)));
}

const MatrixF& exact_second_moment(const RewardLayer& layer) {
  if (layer.moments.is_exact()) return layer.moments.second_moment;
  const auto neurons = layer.weights.down.cols();
  throw Error(ErrorKind::kUnsupported,
              fmt::format("distortion '{}' of the response needs exact moments of {} neurons; raise "
                          "'probe.exact_width' to {} or use 'schatten2'",
                          layer.options.distortion, neurons, neurons));
}

RewardRegistry built_in_rewards() {
  RewardRegistry rewards("distortion");
  for (const Distortion distortion : {Distortion::kKs, Distortion::kMirsky, Distortion::kNuclear}) {
    rewards.add(std::string(to_string(distortion)), of_spectra(distortion));
  }
  rewards.add(std::string(to_string(Distortion::kSchatten2)), &of_schatten2);
  return rewards;
}

FfnWeights in_metric(const RewardOptions& options, FfnWeights weights, const MatrixF& loss_metric) {
  if (options.metric == OutputMetric::kOutput) return weights;
  if (loss_metric.rows() != weights.down.rows()) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("the loss metric is {} x {}, but the block writes {} numbers",
                                                         loss_metric.rows(), loss_metric.cols(), weights.down.rows()));
  }
  weights.down = (metric_factor(loss_metric) * weights.down.cast<double>()).cast<float>();
  return weights;
}

std::unique_ptr<KeepSetDistortion> make_distortion(const RewardOptions& options, const FfnWeights& weights,
                                                   const ResponseMoments& moments, const torch::Device& device,
                                                   const RewardRegistry& rewards) {
  return rewards.make(options.distortion,
                      RewardLayer{.options = options, .weights = weights, .moments = moments, .device = device});
}

}  // namespace prunenet
