#include "prunenet/baselines/prunenet_planner.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "prunenet/core/rng.h"
#include "prunenet/policy/published_policy.h"
#include "prunenet/spectral/spectral_operator.h"
#include "prunenet/train/prunenet_session.h"
#include "prunenet/train/recipe.h"

namespace prunenet {

namespace {

class PrunenetPlanner final : public Planner {
 public:
  PrunenetPlanner(const PlannerModel& model, const PrunenetOptions& options)
      : rows_(model.checkpoint, model.family), options_(options) {}

  [[nodiscard]] DataUse data_use() const override { return DataUse::kNone; }
  [[nodiscard]] bool uses_seed() const override { return true; }

  [[nodiscard]] Selection select(double ratio, std::int64_t round_to, std::uint64_t seed, Progress& progress) override {
    const std::int64_t neurons = rows_.intermediate_size();
    const std::int64_t width = width_for_ratio(neurons, ratio, round_to);
    Selection selection;
    selection.plan = {
        .source = fmt::format("prunenet {}, seed {}", options_.faithful ? "as published" : "corrected", seed),
        .intermediate_size = neurons,
        .requested_ratio = ratio,
        .round_to = round_to,
        .keep_indices = {}};
    if (width == neurons) {
      selection.plan.keep_indices.assign(static_cast<std::size_t>(rows_.num_layers()), all_neurons(neurons));
      return selection;
    }
    if (!policy_ || options_.ratio != ratio || options_.seed != seed) {
      train(ratio, seed, progress);
      selection.training_seconds = policy_->provenance.at("training_seconds");
    }
    selection.curve = policy_->curve;
    Rng rng(seed);  // as `prunenet apply --seed` draws
    for (std::int64_t layer = 0; layer < rows_.num_layers(); ++layer) {
      selection.plan.keep_indices.push_back(keep_indices(*policy_, rows_.rows(layer), width, rng));
    }
    return selection;
  }

 private:
  void train(double ratio, std::uint64_t seed, Progress& progress) {
    policy_.reset();  // so that an interrupted training leaves none
    options_.ratio = ratio;
    options_.seed = seed;
    const torch::AutoGradMode with_gradients(true);  // selections are often made where none are recorded
    policy_ = train_prunenet(rows_, options_, progress);
  }

  CheckpointRows rows_;
  PrunenetOptions options_;  ///< ratio and seed: of the policy
  std::optional<PublishedPolicy> policy_;
};

}  // namespace

std::unique_ptr<Planner> make_prunenet_planner(const MethodOptions& options, const PlannerModel& model,
                                               const torch::Tensor& /*calibration*/) {
  options.check_keys({"episodes", "learning_rate", "discount", "faithful"});
  const Recipe recipe = recipe_from_json({{"policy", "prunenet"}, {"prunenet", options.without_name()}});
  return std::make_unique<PrunenetPlanner>(model, recipe.prunenet);
}

}  // namespace prunenet
