#include "prunenet/heal/moment_sums.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

MatrixD matrix_of_doubles(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.cpu();
  return Eigen::Map<const MatrixD>(values.data_ptr<double>(), values.size(0), values.size(1));
}

}  // namespace

MomentSums::MomentSums(const DecoderLayerWeights& kept) : has_bias_(kept.down_bias.defined()) {
  const torch::TensorOptions options = kept.down.options().dtype(torch::kDouble);
  const std::int64_t d = kept.down.size(0);
  const std::int64_t k = kept.down.size(1);
  responses_ = torch::zeros({k, k}, options);
  errors_ = torch::zeros({d, k}, options);
  response_sum_ = torch::zeros({has_bias_ ? k : 0}, options);
  error_sum_ = torch::zeros({has_bias_ ? d : 0}, options);
  energies_ = torch::zeros({2}, options);
}

void MomentSums::add(const torch::Tensor& h, const torch::Tensor& errors, const DecoderLayerWeights& kept) {
  tokens_ += static_cast<double>(h.size(0));
  responses_.add_(h.t().mm(h));
  errors_.add_(errors.t().mm(h));
  const torch::Tensor targets = errors.addmm(h, kept.down.t());
  energies_.add_(torch::stack({errors.square().sum(torch::kDouble), targets.square().sum(torch::kDouble)}));
  if (!has_bias_) return;
  response_sum_.add_(h.sum(0, false, torch::kDouble));
  error_sum_.add_(errors.sum(0, false, torch::kDouble));
}

FitMoments MomentSums::take() {
  const torch::Tensor energies = energies_.cpu();
  FitMoments moments;
  moments.tokens = tokens_;
  moments.error = energies[0].item<double>();
  moments.target = energies[1].item<double>();
  const double responses = responses_.trace().item<double>();
  if (!std::isfinite(moments.error + moments.target + responses)) {
    throw Error(
        ErrorKind::kNumerical,
        fmt::format("over {} tokens, responses have a sum of squares of {}, targets of {} and errors of {}: the "
                    "model's weights are damaged, or too large for single precision",
                    tokens_, responses, moments.target, moments.error));
  }
  moments.responses = matrix_of_doubles(std::exchange(responses_, {}));
  moments.errors = matrix_of_doubles(std::exchange(errors_, {}));
  if (has_bias_) {
    moments.response_sum = matrix_of_doubles(response_sum_.unsqueeze(1));
    moments.error_sum = matrix_of_doubles(error_sum_.unsqueeze(1));
  }
  return moments;
}

}  // namespace prunenet
