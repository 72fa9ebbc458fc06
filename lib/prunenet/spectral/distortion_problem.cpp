#include "prunenet/spectral/distortion_problem.h"

#include <fmt/format.h>

#include <utility>

#include "prunenet/core/error.h"

namespace prunenet {

DistortionProblem::DistortionProblem(std::shared_ptr<const SpectralOperator> spectral_operator, Distortion distortion)
    : operator_(std::move(spectral_operator)), distortion_(distortion) {
  if (operator_ == nullptr) throw Error(ErrorKind::kInvalidArgument, "a distortion problem without an operator");
  const double energy = operator_->total_energy();
  if (!(energy > 0.0)) {
    throw Error(ErrorKind::kNumerical, fmt::format("the operator of {} neurons has energy {}; there is nothing to "
                                                   "distort",
                                                   operator_->neurons(), energy));
  }
  if (distortion_ != Distortion::kSchatten2) dense_spectrum_ = operator_->spectrum(all_neurons(neurons()));
}

double DistortionProblem::distortion(std::span<const std::int64_t> keep_indices) const {
  switch (distortion_) {
    case Distortion::kKs:
      return ks_statistic(dense_spectrum_, operator_->spectrum(keep_indices));
    case Distortion::kMirsky:
      return mirsky_distortion(dense_spectrum_, operator_->spectrum(keep_indices));
    case Distortion::kNuclear:
      return nuclear_distortion(dense_spectrum_, operator_->spectrum(keep_indices));
    case Distortion::kSchatten2:
      return operator_->removed_energies(removed_indicator(keep_indices, neurons()))(0) / operator_->total_energy();
  }
  throw Error(ErrorKind::kInvalidArgument, "distortion is none of the enumeration");
}

}  // namespace prunenet
