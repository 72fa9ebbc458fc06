#include "prunenet/baselines/wanda.h"

#include <fmt/format.h>

#include "prunenet/baselines/score_planner.h"
#include "prunenet/core/error.h"

namespace prunenet {

namespace {

/// down: [d, I], h: [N, I] -> [I]
torch::Tensor wanda_scores(const torch::Tensor& down, const torch::Tensor& h) {
  const torch::Tensor energy = h.square().mean(0, false, torch::kFloat64);
  return down.abs().mean(0) * energy.sqrt();
}

std::vector<float> finite_scores(const torch::Tensor& scores, std::int64_t layer) {
  const torch::Tensor bad = scores.isfinite().logical_not().nonzero();
  if (bad.numel() > 0) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("the score of layer {}, neuron {} is not finite", layer, bad[0][0].item<std::int64_t>()));
  }
  return to_scores(scores);
}

class WandaPlanner final : public Planner {
 public:
  WandaPlanner(const CausalLm& network, torch::Tensor calibration)
      : network_(network), calibration_(std::move(calibration)) {}

  [[nodiscard]] DataUse data_use() const override { return DataUse::kCalibration; }
  [[nodiscard]] bool uses_seed() const override { return false; }

  [[nodiscard]] Selection select(double ratio, std::int64_t round_to, std::uint64_t /*seed*/,
                                 Progress& progress) override {
    const torch::NoGradGuard no_grad;
    const ModelConfig& config = network_.config();
    const std::int64_t width = width_for_ratio(config.intermediate_size, ratio, round_to);
    progress.begin("pruning layer by layer", "layers", static_cast<std::uint64_t>(config.num_hidden_layers));
    NeuronScores scores;
    const FfnHook prune = [&](const FfnActivations& at) {
      const torch::Tensor& down = network_.weights().layers[static_cast<std::size_t>(at.layer)].down;
      scores.push_back(finite_scores(wanda_scores(down, at.h), at.layer));
      const std::vector<std::int64_t> keep = top_k_indices(scores.back(), width);
      const torch::Tensor kept = torch::zeros({config.intermediate_size}).index_fill_(0, torch::tensor(keep), 1.0);
      progress.advance(1);
      return at.h * kept.to(at.h.device());
    };
    (void)network_.final_states(calibration_, prune);
    Selection selection;
    selection.plan = make_uniform_plan(scores, ratio, round_to, "wanda-sp");
    return selection;
  }

 private:
  const CausalLm& network_;
  torch::Tensor calibration_;
};

}  // namespace

std::unique_ptr<Planner> make_wanda_planner(const MethodOptions& options, const PlannerModel& model,
                                            const torch::Tensor& calibration) {
  options.check_keys({});
  require_calibration(options.name(), calibration);
  return std::make_unique<WandaPlanner>(model.network, calibration);
}

}  // namespace prunenet
