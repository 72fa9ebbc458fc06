#include "prunenet/train/reward.h"

#include <fmt/format.h>

#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/spectral/metric.h"
#include "prunenet/spectral/packed_coupling.h"
#include "prunenet/spectral/spectral_operator.h"
#include "prunenet/train/tensor_schatten2.h"

namespace prunenet {

namespace {

KeptGram make_gram(const RewardOptions& options, const FfnWeights& weights, const ResponseMoments& moments) {
  if (options.operator_kind != OperatorKind::kResponse) {
    return KeptGram::of_rows(weight_rows(options.operator_kind, weights.gate, weights.up, weights.down));
  }
  if (!moments.is_exact()) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("distortion '{}' of the response needs exact moments of {} neurons; raise "
                            "'probe.exact_width' to {} or use 'schatten2'",
                            to_string(options.distortion), weights.down.cols(), weights.down.cols()));
  }
  return KeptGram::of_response(weights.down, moments.second_moment);
}

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

}  // namespace

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
                                                   const ResponseMoments& moments, const torch::Device& device) {
  if (options.distortion == Distortion::kSchatten2) {
    return options.operator_kind == OperatorKind::kResponse ? of_quadratic_response(weights, moments, device)
                                                            : of_weight_rows(options.operator_kind, weights);
  }
  KeptGram gram = make_gram(options, weights, moments);
  if (gram.is_zero()) return make_keep_set_distortion_of_nothing();
  return make_keep_set_distortion(SpectrumDistortion(std::move(gram), options.distortion));
}

}  // namespace prunenet
