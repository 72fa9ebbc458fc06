#include "prunenet/baselines/activation_moments.h"

#include "prunenet/model/batches.h"

namespace prunenet {

namespace {

/// [I] float64 each. In double the squares of floats are exact, so that the variance may be taken from the two sums.
struct Sums {
  torch::Tensor values;
  torch::Tensor squares;
};

}  // namespace

std::vector<ActivationMoments> activation_moments(const CausalLm& network, const torch::Tensor& ids,
                                                  Progress& progress) {
  const torch::NoGradGuard no_grad;
  const std::int64_t neurons = network.config().intermediate_size;
  std::vector<Sums> sums;
  for (std::int64_t layer = 0; layer < network.config().num_hidden_layers; ++layer) {
    sums.push_back({torch::zeros({neurons}, torch::kFloat64), torch::zeros({neurons}, torch::kFloat64)});
  }
  const FfnHook record = [&sums](const FfnActivations& at) {
    const torch::Tensor h = at.h.to(torch::kFloat64);
    Sums& layer = sums[static_cast<std::size_t>(at.layer)];
    layer.values += h.sum(0).cpu();
    layer.squares += h.square().sum(0).cpu();
    return at.h;
  };
  progress.begin("reading activations", "tokens", static_cast<std::uint64_t>(ids.numel()));
  for_each_batch(ids, kTokensPerForward, progress,
                 [&](const torch::Tensor& batch) { (void)network.final_states(batch, record); });
  std::vector<ActivationMoments> moments;
  const auto tokens = static_cast<double>(ids.numel());
  for (const Sums& layer : sums) {
    const torch::Tensor mean = layer.values / tokens;
    const torch::Tensor second_moment = layer.squares / tokens;
    moments.push_back({mean, second_moment, (second_moment - mean.square()).clamp_min(0.0)});
  }
  return moments;
}

}  // namespace prunenet
