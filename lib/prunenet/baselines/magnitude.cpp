#include "prunenet/baselines/magnitude.h"

#include "prunenet/baselines/score_planner.h"

namespace prunenet {

namespace {

class MagnitudePlanner final : public ScorePlanner {
 public:
  MagnitudePlanner(const CausalLm& network, const std::string& matrix)
      : ScorePlanner("magnitude of " + matrix, DataUse::kNone, false), network_(network), matrix_(matrix) {}

 protected:
  [[nodiscard]] NeuronScores score(std::uint64_t /*seed*/, Progress& /*progress*/) override {
    NeuronScores scores;
    for (const DecoderLayerWeights& layer : network_.weights().layers) {
      scores.push_back(to_scores(magnitudes(layer, matrix_)));
    }
    return scores;
  }

 private:
  const CausalLm& network_;
  std::string matrix_;
};

}  // namespace

torch::Tensor magnitudes(const DecoderLayerWeights& weights, const std::string& matrix) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor rows = ffn_rows(weights).norm(2, 2);  // [2, I]
  if (matrix == "gate") return rows[0];
  if (matrix == "up") return rows[-1];
  const torch::Tensor down = weights.down.norm(2, 0);
  return matrix == "down" ? down : rows.prod(0) * down;
}

std::unique_ptr<Planner> make_magnitude_planner(const MethodOptions& options, const PlannerModel& model,
                                                const torch::Tensor& /*calibration*/) {
  options.check_keys({"matrix"});
  return std::make_unique<MagnitudePlanner>(model.network,
                                            options.choice_or("matrix", "product", {"gate", "up", "down", "product"}));
}

}  // namespace prunenet
