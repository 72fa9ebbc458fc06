#include "prunenet/baselines/llm_pruner.h"

#include "prunenet/baselines/score_planner.h"
#include "prunenet/model/batches.h"

namespace prunenet {

namespace {

constexpr std::int64_t kTokensPerBackward = 1024;

/// The same network, with gradients for the FFN weights. Shares all storage.
CausalLm differentiable(const CausalLm& network) {
  DecoderWeights weights = network.weights();
  for (DecoderLayerWeights& layer : weights.layers) {
    layer.gate_up = layer.gate_up.detach().requires_grad_(true);
    layer.down = layer.down.detach().requires_grad_(true);
  }
  return {network.config(), std::move(weights)};
}

/// salience: w dL/dw, summed over `dimension`.
torch::Tensor reduce(const torch::Tensor& salience, std::int64_t dimension, Taylor taylor) {
  return taylor == Taylor::kParamFirst ? salience.abs().sum(dimension) : salience.sum(dimension).abs();
}

class LlmPrunerPlanner final : public ScorePlanner {
 public:
  LlmPrunerPlanner(const CausalLm& network, torch::Tensor calibration, const std::string& taylor)
      : ScorePlanner("llm-pruner " + taylor, DataUse::kCalibration, false),
        network_(network),
        calibration_(std::move(calibration)),
        taylor_(taylor == "vectorize" ? Taylor::kVectorize : Taylor::kParamFirst) {}

 protected:
  [[nodiscard]] NeuronScores score(std::uint64_t /*seed*/, Progress& progress) override {
    NeuronScores scores;
    for (const torch::Tensor& layer : taylor_importance(network_, calibration_, taylor_, progress)) {
      scores.push_back(to_scores(layer));
    }
    return scores;
  }

 private:
  const CausalLm& network_;
  torch::Tensor calibration_;
  Taylor taylor_;
};

}  // namespace

std::vector<torch::Tensor> taylor_importance(const CausalLm& network, const torch::Tensor& ids, Taylor taylor,
                                             Progress& progress) {
  const CausalLm trained = differentiable(network);
  const auto scored = static_cast<double>(ids.size(0) * (ids.size(1) - 1));
  progress.begin("gradients of the weights", "tokens", static_cast<std::uint64_t>(ids.numel()));
  for_each_batch(ids, kTokensPerBackward, progress, [&](const torch::Tensor& batch) {
    const torch::AutoGradMode grad(true);
    (trained.token_nll(batch).sum() / scored).backward();  // gradients add up
  });
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> importance;
  for (const DecoderLayerWeights& layer : trained.weights().layers) {
    const std::int64_t neurons = layer.down.size(1);
    const torch::Tensor rows = reduce(layer.gate_up * layer.gate_up.grad(), 1, taylor);
    importance.push_back(rows.view({-1, neurons}).sum(0) + reduce(layer.down * layer.down.grad(), 0, taylor));
  }
  return importance;
}

std::unique_ptr<Planner> make_llm_pruner_planner(const MethodOptions& options, const PlannerModel& model,
                                                 const torch::Tensor& calibration) {
  options.check_keys({"taylor"});
  const std::string taylor = options.choice_or("taylor", "param_first", {"param_first", "vectorize"});
  require_calibration(options.name(), calibration);
  return std::make_unique<LlmPrunerPlanner>(model.network, calibration, taylor);
}

}  // namespace prunenet
