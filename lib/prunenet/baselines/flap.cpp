#include "prunenet/baselines/flap.h"

#include <fmt/format.h>

#include "prunenet/baselines/activation_moments.h"
#include "prunenet/baselines/score_planner.h"
#include "prunenet/core/error.h"

namespace prunenet {

namespace {

/// D_R E[h_R] of the neurons that `keep` leaves out: down [d, I], mean [I] -> d
VectorF mean_of_removed(const torch::Tensor& down, const torch::Tensor& mean, const std::vector<std::int64_t>& keep) {
  const torch::Tensor removed_mean = mean.clone();
  removed_mean.index_fill_(0, torch::tensor(keep), 0.0);
  const torch::Tensor written = down.to(torch::kFloat64).matmul(removed_mean).to(torch::kFloat).contiguous();
  return Eigen::Map<const VectorF>(written.data_ptr<float>(), written.numel());
}

class FlapPlanner final : public ScorePlanner {
 public:
  FlapPlanner(const PlannerModel& model, torch::Tensor calibration, bool bias)
      : ScorePlanner(bias ? "flap with bias" : "flap", DataUse::kCalibration, false),
        model_(model),
        network_(model.network),
        calibration_(std::move(calibration)),
        bias_(bias) {}

  [[nodiscard]] Selection select(double ratio, std::int64_t round_to, std::uint64_t seed, Progress& progress) override {
    if (bias_) check_bias();
    Selection selection = ScorePlanner::select(ratio, round_to, seed, progress);
    if (!bias_) return selection;
    const torch::NoGradGuard no_grad;
    for (std::size_t layer = 0; layer < means_.size(); ++layer) {
      selection.down_bias.push_back(mean_of_removed(network_.weights().layers[layer].down.cpu(), means_[layer],
                                                    selection.plan.keep_indices[layer]));
    }
    return selection;
  }

 protected:
  [[nodiscard]] NeuronScores score(std::uint64_t /*seed*/, Progress& progress) override {
    const torch::NoGradGuard no_grad;
    NeuronScores scores;
    means_.clear();
    for (const ActivationMoments& moments : activation_moments(network_, calibration_, progress)) {
      const torch::Tensor& down = network_.weights().layers[scores.size()].down;
      scores.push_back(to_scores(moments.variance * down.square().sum(0).cpu()));
      means_.push_back(moments.mean);
    }
    return scores;
  }

 private:
  void check_bias() const {
    if (!model_.family.ffn_block(0).down.bias.empty()) return;
    throw Error(ErrorKind::kUnsupported,
                fmt::format("method 'flap' with bias: the down projections of this {} checkpoint have no bias to "
                            "compensate in; use bias: false",
                            model_.family.config().architecture));
  }

  PlannerModel model_;
  const CausalLm& network_;
  torch::Tensor calibration_;
  bool bias_;
  std::vector<torch::Tensor> means_;  ///< E[h] of the dense model, a layer: [I] float64
};

}  // namespace

std::unique_ptr<Planner> make_flap_planner(const MethodOptions& options, const PlannerModel& model,
                                           const torch::Tensor& calibration) {
  options.check_keys({"bias"});
  const bool bias = options.boolean_or("bias", false);
  require_calibration(options.name(), calibration);
  return std::make_unique<FlapPlanner>(model, calibration, bias);
}

}  // namespace prunenet
