#include "prunenet/train/reward.h"

#include <fmt/format.h>

#include <utility>

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
  if (quadratic) {
    const bool sketched = moments.sketch.size() != 0;
    MatrixF form = sketched ? moments.sketch : response_coupling(weights.down, moments.second_moment);
    if (form.isZero(0.0F)) return make_keep_set_distortion_of_nothing();
    return make_keep_set_distortion(sketched ? Schatten2::from_sketch(std::move(form))
                                             : Schatten2::from_coupling(std::move(form)));
  }
  std::shared_ptr<const SpectralOperator> measured = make_operator(options, weights, moments);
  if (measured->total_energy() == 0.0) return make_keep_set_distortion_of_nothing();
  return make_keep_set_distortion(DistortionProblem(std::move(measured), options.distortion));
}

}  // namespace prunenet
