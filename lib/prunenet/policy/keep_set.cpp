#include "prunenet/policy/keep_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

void require_finite_scores(std::span<const float> scores) {
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isfinite(scores[i])) continue;
    throw Error(ErrorKind::kNumerical, fmt::format("the policy's score of neuron {} of {} is {}; the training "
                                                   "diverged: lower the learning rate",
                                                   i, scores.size(), scores[i]));
  }
}

}  // namespace

std::int64_t kept_count(std::int64_t neurons, double ratio) {
  const auto kept = static_cast<std::int64_t>(std::llround((1.0 - ratio) * static_cast<double>(neurons)));
  return std::clamp<std::int64_t>(kept, 1, neurons - 1);
}

RankingSamples sample_rankings(std::span<const float> scores, std::int64_t samples, Rng& rng) {
  const auto neurons = static_cast<std::int64_t>(scores.size());
  require_finite_scores(scores);
  RankingSamples drawn{torch::empty({samples, neurons}, torch::kInt64),
                       torch::empty({samples, neurons}, torch::kFloat64)};
  std::vector<double> keys(scores.size());
  for (std::int64_t m = 0; m < samples; ++m) {
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = static_cast<double>(scores[i]) + rng.gumbel();
    auto* ranking = drawn.rankings.data_ptr<std::int64_t>() + m * neurons;
    auto* sorted = drawn.keys.data_ptr<double>() + m * neurons;
    std::iota(ranking, ranking + neurons, std::int64_t{0});
    std::sort(ranking, ranking + neurons, [&keys](std::int64_t a, std::int64_t b) {
      const double key_a = keys[static_cast<std::size_t>(a)];
      const double key_b = keys[static_cast<std::size_t>(b)];
      return key_a != key_b ? key_a > key_b : a < b;
    });
    for (std::int64_t j = 0; j < neurons; ++j) sorted[j] = keys[static_cast<std::size_t>(ranking[j])];
  }
  return drawn;
}

RankingSamples sample_rankings(const torch::Tensor& scores, std::int64_t samples, Rng& rng) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor host = scores.detach().cpu().contiguous();
  require_finite_scores({host.data_ptr<float>(), static_cast<std::size_t>(host.numel())});
  const torch::Tensor noise = torch::empty({samples, host.numel()}, torch::kFloat64);
  std::generate_n(noise.data_ptr<double>(), noise.numel(), [&rng] { return rng.gumbel(); });
  const torch::Tensor keys = scores.detach().to(torch::kFloat64) + noise.to(scores.device());
  auto [sorted, rankings] = keys.sort(/*stable=*/true, /*dim=*/1, /*descending=*/true);
  return {rankings, sorted};
}

torch::Tensor plackett_luce_log_probability(const torch::Tensor& scores, const torch::Tensor& rankings,
                                            std::int64_t kept) {
  const torch::Tensor ranked = scores.expand_as(rankings).gather(1, rankings);  // [M, I]
  const torch::Tensor remaining = ranked.flip({1}).logcumsumexp(1).flip({1});   // log sum over i >= j
  return (ranked - remaining).narrow(1, 0, kept).sum(1);
}

torch::Tensor rloo_advantages(const torch::Tensor& rewards) {
  const auto samples = static_cast<double>(rewards.size(0));
  const torch::Tensor others = (rewards.sum() - rewards) / (samples - 1.0);
  const torch::Tensor advantages = rewards - others;
  const double spread = rewards.std(/*unbiased=*/false).item<double>();
  return spread > 1e-12 ? advantages / spread : torch::zeros_like(rewards);
}

torch::Tensor keep_probability_gradient(const torch::Tensor& scores, const RankingSamples& samples, std::int64_t kept) {
  const torch::Tensor plain = scores.detach().to(torch::kFloat64).expand_as(samples.rankings);
  const torch::Tensor is_kept = torch::zeros_like(samples.keys).scatter(1, samples.rankings.narrow(1, 0, kept), 1.0);
  const torch::Tensor next_key = samples.keys.narrow(1, kept, 1);      // border of the kept
  const torch::Tensor last_key = samples.keys.narrow(1, kept - 1, 1);  // border of the removed
  const torch::Tensor t = plain - torch::where(is_kept > 0.5, next_key, last_key);
  return torch::exp(t - torch::exp(t));
}

}  // namespace prunenet
