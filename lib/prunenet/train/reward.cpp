#include "prunenet/train/reward.h"

#include <fmt/format.h>

#include "prunenet/core/error.h"
#include "prunenet/spectral/response_operator.h"

namespace prunenet {

namespace {

std::shared_ptr<const SpectralOperator> make_operator(const RewardOptions& options, const FfnWeights& weights,
                                                      const ResponseMoments& moments) {
  if (options.operator_kind != OperatorKind::kResponse) {
    return make_weight_operator(options.operator_kind, weights.gate, weights.up, weights.down);
  }
  if (moments.second_moment.size() == 0) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("distortion '{}' of the response needs exact moments of {} neurons; raise "
                            "'probe.exact_width' to {} or use 'schatten2'",
                            to_string(options.distortion), weights.up.rows(), weights.up.rows()));
  }
  return std::make_shared<ResponseOperator>(weights.down.cast<double>(), moments.second_moment.cast<double>());
}

}  // namespace

std::unique_ptr<KeepSetDistortion> make_distortion(const RewardOptions& options, const FfnWeights& weights,
                                                   const ResponseMoments& moments) {
  const bool quadratic =
      options.operator_kind == OperatorKind::kResponse && options.distortion == Distortion::kSchatten2;
  if (quadratic && moments.sketch.size() != 0) return make_keep_set_distortion(Schatten2::from_sketch(moments.sketch));
  if (quadratic) {
    return make_keep_set_distortion(Schatten2::from_coupling(response_coupling(weights.down, moments.second_moment)));
  }
  return make_keep_set_distortion(DistortionProblem(make_operator(options, weights, moments), options.distortion));
}

}  // namespace prunenet
