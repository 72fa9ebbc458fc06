#include "prunenet/baselines/response.h"

#include "prunenet/baselines/activation_moments.h"
#include "prunenet/baselines/score_planner.h"
#include "prunenet/probe/probe.h"
#include "prunenet/train/recipe.h"

namespace prunenet {

namespace {

class ResponsePlanner final : public ScorePlanner {
 public:
  ResponsePlanner(const CausalLm& network, ProbeOptions probe)
      : ScorePlanner("response energy", DataUse::kSelfSampled, true), network_(network), probe_(std::move(probe)) {
    probe_.held_out_tokens = 0;  // there is nothing to choose among
  }

 protected:
  [[nodiscard]] NeuronScores score(std::uint64_t seed, Progress& progress) override {
    const torch::NoGradGuard no_grad;
    const torch::Tensor text = sample_probe_text(network_, probe_, seed, progress).training;
    const std::vector<ActivationMoments> moments = activation_moments(network_, text, progress);
    NeuronScores scores;
    for (std::size_t layer = 0; layer < moments.size(); ++layer) {
      const torch::Tensor& down = network_.weights().layers[layer].down;
      scores.push_back(to_scores(moments[layer].second_moment * down.square().sum(0)));
    }
    return scores;
  }

 private:
  const CausalLm& network_;
  ProbeOptions probe_;
};

}  // namespace

std::unique_ptr<Planner> make_response_planner(const MethodOptions& options, const PlannerModel& model,
                                               const torch::Tensor& /*calibration*/) {
  options.check_keys({"probe"});
  const Recipe recipe = recipe_from_json({{"probe", options.section("probe")}});
  return std::make_unique<ResponsePlanner>(model.network, recipe.probe);
}

}  // namespace prunenet
