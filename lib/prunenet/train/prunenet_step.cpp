#include "prunenet/train/prunenet_step.h"

#include <fmt/format.h>

#include <cmath>

#include "prunenet/core/error.h"
#include "prunenet/policy/keep_set.h"

namespace prunenet {

namespace {

bool has_finite_gradient(const torch::nn::Module& network) {
  for (const torch::Tensor& parameter : network.parameters()) {
    if (!parameter.grad().isfinite().all().item<bool>()) return false;
  }
  return true;
}

}  // namespace

std::int64_t published_kept_count(std::int64_t intermediate_size, double ratio) {
  const auto kept = static_cast<std::int64_t>((1.0 - ratio) * static_cast<double>(intermediate_size));
  if (kept >= 1) return kept;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("ratio {} leaves none of {} neurons; lower 'prunenet.ratio'", ratio, intermediate_size));
}

double ks_reward(double ks) {
  return ks == 0.0 ? 99999.0 : 1.0 / ks;
}

std::vector<double> discounted(const std::vector<double>& rewards, double discount) {
  std::vector<double> result(rewards.size());
  for (std::size_t layer = 0; layer < rewards.size(); ++layer) {
    result[layer] = std::pow(discount, static_cast<double>(layer)) * rewards[layer];
  }
  return result;
}

torch::Tensor prunenet_loss(PrunenetNetwork& network, const LayerUpdate& update, bool faithful) {
  if (faithful) {
    const torch::Tensor p = concrete_keep_probabilities(network->forward(update.rows), update.noise);
    return -update.weight * torch::log(p).gather(0, update.kept).sum();
  }
  const torch::Tensor z = network->forward_factored(update.rows);
  const std::int64_t kept = update.kept.size(0);
  // Where in the ranking those stand that were not drawn makes no difference.
  const torch::Tensor is_kept = torch::zeros({z.size(0)}, torch::kBool).index_fill(0, update.kept, true);
  const torch::Tensor ranking = torch::cat({update.kept, is_kept.logical_not().nonzero().select(1, 0)});
  return -update.weight * plackett_luce_log_probability(z, ranking.unsqueeze(0), kept).select(0, 0);
}

StepOutcome prunenet_step(PrunenetNetwork& network, torch::optim::AdamW& optimizer, const LayerUpdate& update,
                          const PrunenetOptions& options) {
  optimizer.zero_grad();
  const torch::Tensor loss = prunenet_loss(network, update, options.faithful);
  loss.backward();
  const auto clip = [&] { torch::nn::utils::clip_grad_norm_(network->parameters(), options.gradient_clip); };
  StepOutcome outcome{.loss = loss.item<double>(), .skipped = false};
  outcome.skipped = !std::isfinite(outcome.loss) || !has_finite_gradient(*network);
  if (!options.faithful && !outcome.skipped) clip();
  if (!outcome.skipped) optimizer.step();
  optimizer.zero_grad();
  if (options.faithful) clip();  // of nothing, as published
  return outcome;
}

}  // namespace prunenet
