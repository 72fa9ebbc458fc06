#include "prunenet/baselines/random.h"

#include "prunenet/baselines/score_planner.h"
#include "prunenet/core/rng.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kScoreStream = 31;

class RandomPlanner final : public ScorePlanner {
 public:
  explicit RandomPlanner(const ModelConfig& config)
      : ScorePlanner("random", DataUse::kNone, true),
        layers_(config.num_hidden_layers),
        neurons_(config.intermediate_size) {}

 protected:
  [[nodiscard]] NeuronScores score(std::uint64_t seed, Progress& /*progress*/) override {
    Rng rng(seed, kScoreStream);
    NeuronScores scores(static_cast<std::size_t>(layers_));
    for (std::vector<float>& layer : scores) {
      for (std::int64_t neuron = 0; neuron < neurons_; ++neuron) layer.push_back(static_cast<float>(rng.uniform()));
    }
    return scores;
  }

 private:
  std::int64_t layers_;
  std::int64_t neurons_;
};

}  // namespace

std::unique_ptr<Planner> make_random_planner(const MethodOptions& options, const PlannerModel& model,
                                             const torch::Tensor& /*calibration*/) {
  options.check_keys({});
  return std::make_unique<RandomPlanner>(model.family.config());
}

}  // namespace prunenet
