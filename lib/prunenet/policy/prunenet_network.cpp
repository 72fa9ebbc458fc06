#include "prunenet/policy/prunenet_network.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/policy/keep_set.h"
#include "prunenet/policy/network.h"

namespace prunenet {

namespace {

[[noreturn]] void fail_to_draw(std::int64_t row, float probability, std::int64_t rows) {
  throw Error(ErrorKind::kNumerical,
              fmt::format("the keep probability of row {} of {} is {}; the training diverged: lower "
                          "'prunenet.learning_rate'",
                          row, rows, probability));
}

}  // namespace

PrunenetNetworkImpl::PrunenetNetworkImpl(std::int64_t hidden_size, std::int64_t intermediate_size, Rng& rng)
    : proj_intermediate_(register_module("proj_intermediate", torch::nn::Linear(hidden_size, intermediate_size))),
      row_sparsities_(register_parameter("row_sparsities", torch::empty({intermediate_size, 1}))) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(hidden_size));
  fill_uniform(proj_intermediate_->weight, bound, rng);
  fill_uniform(proj_intermediate_->bias, bound, rng);
  fill_uniform(row_sparsities_, 0.5, rng);
  const torch::NoGradGuard no_grad;
  row_sparsities_.add_(0.5);
}

void PrunenetNetworkImpl::check_shape(const torch::Tensor& rows) const {
  if (rows.dim() == 2 && rows.size(0) == intermediate_size() && rows.size(1) == hidden_size()) return;
  throw Error(ErrorKind::kMismatch,
              fmt::format("the policy reads {} neurons of {} weights each, but was given {} of {}; a policy of kind "
                          "'prunenet' serves the shape that it was trained on",
                          intermediate_size(), hidden_size(), rows.size(0), rows.size(-1)));
}

torch::Tensor PrunenetNetworkImpl::forward(const torch::Tensor& rows) {
  check_shape(rows);
  return proj_intermediate_(rows).matmul(row_sparsities_).select(1, 0);
}

torch::Tensor PrunenetNetworkImpl::forward_factored(const torch::Tensor& rows) {
  check_shape(rows);
  const torch::Tensor direction = proj_intermediate_->weight.t().matmul(row_sparsities_);  // [d, 1]
  const torch::Tensor offset = proj_intermediate_->bias.dot(row_sparsities_.select(1, 0));
  return rows.matmul(direction).select(1, 0) + offset;
}

torch::Tensor concrete_noise(std::int64_t count, Rng& rng) {
  torch::Tensor noise = torch::empty({count});
  float* values = noise.data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i) {
    values[i] = (static_cast<float>(rng.bits() >> 41U) + 0.5F) * 0x1.0p-23F;  // exact: 24 significant bits
  }
  return noise;
}

torch::Tensor concrete_keep_probabilities(const torch::Tensor& z, const torch::Tensor& noise) {
  const torch::Tensor alpha = torch::sigmoid(z);
  return torch::sigmoid(torch::log(noise) - torch::log(1 - noise) + torch::log(alpha) - torch::log(1 - alpha));
}

torch::Tensor draw_without_replacement(const torch::Tensor& p, std::int64_t count, Rng& rng) {
  const torch::Tensor plain = p.detach().contiguous();
  const std::span values(plain.data_ptr<float>(), static_cast<std::size_t>(plain.numel()));
  std::vector<float> scores;  // logarithms; a row of probability 0 comes after all others
  scores.reserve(values.size());
  std::int64_t positive = 0;
  for (const float value : values) {
    if (!(value >= 0.0F) || !std::isfinite(value)) {
      fail_to_draw(static_cast<std::int64_t>(scores.size()), value, plain.numel());
    }
    if (value > 0.0F) ++positive;
    scores.push_back(value > 0.0F ? std::log(value) : std::numeric_limits<float>::lowest());
  }
  if (positive < count) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("{} of {} rows are to be drawn, but only {} have a keep probability above 0; the training "
                            "diverged: lower 'prunenet.learning_rate'",
                            count, plain.numel(), positive));
  }
  return sample_rankings(scores, 1, rng).rankings.select(0, 0).narrow(0, 0, count);
}

torch::Tensor draw_keep_set(PrunenetNetwork& network, const torch::Tensor& rows, std::int64_t count, bool faithful,
                            Rng& rng) {
  const torch::NoGradGuard no_grad;
  if (faithful) {
    const torch::Tensor z = network->forward(rows);
    return draw_without_replacement(concrete_keep_probabilities(z, concrete_noise(z.size(0), rng)), count, rng);
  }
  const torch::Tensor z = network->forward_factored(rows).contiguous();
  const std::span scores(z.data_ptr<float>(), static_cast<std::size_t>(z.numel()));
  return sample_rankings(scores, 1, rng).rankings.select(0, 0).narrow(0, 0, count);
}

}  // namespace prunenet
