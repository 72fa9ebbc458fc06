#include "prunenet/baselines/response.h"

#include <algorithm>
#include <utility>

#include "prunenet/baselines/activation_moments.h"
#include "prunenet/baselines/score_planner.h"
#include "prunenet/probe/probe.h"
#include "prunenet/train/recipe.h"

namespace prunenet {

namespace {

/// E[h_i^2] norm(d_i)^2 from moments; down: [d, I].
std::vector<float> response_energy(const ResponseMoments& moments, const torch::Tensor& down) {
  const VectorF diagonal = moments.energies();
  const torch::Tensor squares = torch::empty({diagonal.size()});
  std::copy_n(diagonal.data(), diagonal.size(), squares.data_ptr<float>());
  return to_scores(squares.to(torch::kFloat64) * down.square().sum(0).cpu());
}

class ResponsePlanner final : public ScorePlanner {
 public:
  ResponsePlanner(const PlannerModel& model, ProbeOptions probe)
      : ScorePlanner("response energy", DataUse::kSelfSampled, model.probe == nullptr),
        network_(model.network),
        file_(model.probe),
        probe_(std::move(probe)) {
    probe_.held_out_tokens = 0;  // there is nothing to choose among
  }

 protected:
  [[nodiscard]] NeuronScores score(std::uint64_t seed, Progress& progress) override {
    const torch::NoGradGuard no_grad;
    return file_ != nullptr ? score_file() : score_sample(seed, progress);
  }

 private:
  [[nodiscard]] const torch::Tensor& down(std::size_t layer) const { return network_.weights().layers[layer].down; }

  [[nodiscard]] NeuronScores score_file() const {
    NeuronScores scores;
    for (std::int64_t layer = 0; layer < network_.config().num_hidden_layers; ++layer) {
      scores.push_back(response_energy(file_->layer(layer).training, down(scores.size())));
    }
    return scores;
  }

  [[nodiscard]] NeuronScores score_sample(std::uint64_t seed, Progress& progress) const {
    const torch::Tensor text = sample_probe_text(network_, probe_, seed, progress).training;
    NeuronScores scores;
    for (const ActivationMoments& moments : activation_moments(network_, text, progress)) {
      scores.push_back(to_scores(moments.second_moment * down(scores.size()).square().sum(0).cpu()));
    }
    return scores;
  }

  const CausalLm& network_;
  const ProbeFile* file_;
  ProbeOptions probe_;
};

}  // namespace

std::unique_ptr<Planner> make_response_planner(const MethodOptions& options, const PlannerModel& model,
                                               const torch::Tensor& /*calibration*/) {
  options.check_keys({"probe"});
  const Recipe recipe = recipe_from_json({{"probe", options.section("probe")}});
  return std::make_unique<ResponsePlanner>(model, recipe.probe);
}

}  // namespace prunenet
