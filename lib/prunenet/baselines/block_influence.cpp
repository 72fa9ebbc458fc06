#include "prunenet/baselines/block_influence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "prunenet/core/error.h"
#include "prunenet/model/batches.h"
#include "prunenet/model/ffn_branch.h"

namespace prunenet {

namespace {

class BlockInfluencePlanner final : public Planner {
 public:
  BlockInfluencePlanner(const CausalLm& network, torch::Tensor calibration)
      : network_(network), calibration_(std::move(calibration)) {}

  [[nodiscard]] DataUse data_use() const override { return DataUse::kCalibration; }
  [[nodiscard]] bool uses_seed() const override { return false; }

  [[nodiscard]] Selection select(double ratio, std::int64_t round_to, std::uint64_t /*seed*/,
                                 Progress& progress) override {
    const std::int64_t neurons = network_.config().intermediate_size;
    (void)width_for_ratio(neurons, ratio, round_to);  // checks both
    if (influences_.empty()) influences_ = block_influences(network_, calibration_, progress);
    const std::size_t layers = influences_.size();
    std::vector<std::size_t> order(layers);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [this](std::size_t layer) { return influences_[layer]; });
    const auto removed = static_cast<std::size_t>(std::llround(ratio * static_cast<double>(layers)));
    Selection selection;
    selection.plan = whole(neurons, layers);
    selection.plan.requested_ratio = ratio;
    selection.plan.round_to = round_to;
    for (std::size_t i = 0; i < removed; ++i) selection.plan.keep_indices[order[i]].clear();
    return selection;
  }

 private:
  [[nodiscard]] static Plan whole(std::int64_t neurons, std::size_t layers) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(neurons));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    Plan plan;
    plan.source = "block-influence";
    plan.intermediate_size = neurons;
    plan.keep_indices.assign(layers, all);
    return plan;
  }

  const CausalLm& network_;
  torch::Tensor calibration_;
  std::vector<double> influences_;
};

}  // namespace

std::vector<double> block_influences(const CausalLm& network, const torch::Tensor& ids, Progress& progress) {
  const torch::NoGradGuard no_grad;
  const std::vector<DecoderLayerWeights>& layers = network.weights().layers;
  std::vector<double> cosines(layers.size(), 0.0);
  const FfnHook record = [&](const FfnActivations& at) {
    const auto layer = static_cast<std::size_t>(at.layer);
    const torch::Tensor after = add_ffn(network.config(), layers[layer], at.residual, at.h);
    cosines[layer] += at::cosine_similarity(at.residual, after, 1).sum(torch::kFloat64).item<double>();
    return at.h;
  };
  progress.begin("block influence", "tokens", static_cast<std::uint64_t>(ids.numel()));
  for_each_batch(ids, kTokensPerForward, progress,
                 [&](const torch::Tensor& batch) { (void)network.final_states(batch, record); });
  for (std::size_t layer = 0; layer < cosines.size(); ++layer) {
    cosines[layer] = 1.0 - cosines[layer] / static_cast<double>(ids.numel());
    if (std::isfinite(cosines[layer])) continue;
    throw Error(ErrorKind::kNumerical, fmt::format("the influence of layer {} is {}", layer, cosines[layer]));
  }
  return cosines;
}

std::unique_ptr<Planner> make_block_influence_planner(const MethodOptions& options, const PlannerModel& model,
                                                      const torch::Tensor& calibration) {
  options.check_keys({});
  require_calibration(options.name(), calibration);
  return std::make_unique<BlockInfluencePlanner>(model.network, calibration);
}

}  // namespace prunenet
