#include "prunenet/train/session.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/core/version.h"
#include "prunenet/family/family.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/train/measurements.h"
#include "prunenet/train/reward.h"
#include "prunenet/train/training_files.h"

namespace prunenet {

namespace {

/// All layers of all models, side by side.
class ModelEnvironment final : public Environment {
 public:
  struct Layer {
    torch::Tensor features;
    std::unique_ptr<KeepSetDistortion> training;
    std::unique_ptr<KeepSetDistortion> held_out;
  };

  void add(Layer layer) { layers_.push_back(std::move(layer)); }
  [[nodiscard]] std::int64_t num_layers() const override { return static_cast<std::int64_t>(layers_.size()); }
  [[nodiscard]] const torch::Tensor& features(std::int64_t layer) const override { return at(layer).features; }
  [[nodiscard]] std::vector<double> distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                std::int64_t kept) const override {
    return (*at(layer).training)(rankings, kept);
  }
  [[nodiscard]] SwapRewards swap_rewards(std::int64_t layer, const torch::Tensor& rankings,
                                         std::int64_t kept) const override {
    return at(layer).training->swaps(rankings, kept);
  }
  [[nodiscard]] std::vector<double> held_out_distortions(std::int64_t layer, const torch::Tensor& rankings,
                                                         std::int64_t kept) const override {
    return (*at(layer).held_out)(rankings, kept);
  }

 private:
  [[nodiscard]] const Layer& at(std::int64_t layer) const { return layers_.at(static_cast<std::size_t>(layer)); }
  std::vector<Layer> layers_;
};

std::string state_key(const std::vector<TrainingModel>& models, const nlohmann::json& seeds, const Recipe& recipe,
                      const std::vector<std::string>& features) {
  nlohmann::json hashes = nlohmann::json::array();
  for (const TrainingModel& model : models) hashes.push_back(model.sha256);
  return digest({{"models", hashes}, {"recipe", to_json(recipe)}, {"probe_seeds", seeds}, {"features", features}});
}

/// 1 for every feature that has a say, 0 for the others, float [F].
torch::Tensor feature_mask(const std::vector<std::string>& names, const std::vector<std::string>& without) {
  torch::Tensor mask = torch::ones({static_cast<std::int64_t>(names.size())});
  for (const std::string& part : without) {
    bool found = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].find(part) == std::string::npos) continue;
      mask[static_cast<std::int64_t>(i)] = 0.0;
      found = true;
    }
    if (found) continue;
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("'{}' of 'train.without_features' is part of no feature's name", part));
  }
  return mask;
}

void require_metric(const Recipe& recipe) {
  if (recipe.reward.metric == OutputMetric::kOutput || recipe.probe.loss_metric) return;
  throw Error(
      ErrorKind::kInvalidArgument,
      "reward.metric 'loss' needs a probe with that metric; set 'probe.loss_metric: true', or give a probe file that "
      "was made with it");
}

/// mask: of the features that have a say.
void add_layers(const TrainingModel& model, const ProbeFile& probe, const std::vector<MatrixF>& features,
                const torch::Tensor& mask, const Recipe& recipe, const RewardRegistry& rewards,
                const torch::Device& device, ModelEnvironment& environment) {
  for (std::size_t layer = 0; layer < features.size(); ++layer) {
    // Moments are the size of the model: only the distortion's form of them is kept.
    const LayerMoments moments = probe.layer(static_cast<std::int64_t>(layer));
    located(fmt::format("layer {}", layer), [&] {
      const FfnWeights ffn =
          in_metric(recipe.reward, read_ffn(model.checkpoint, *model.family, static_cast<std::int64_t>(layer)),
                    moments.loss_metric);
      environment.add({.features = (to_tensor(features[layer]) * mask).to(device),
                       .training = make_distortion(recipe.reward, ffn, moments.training, device, rewards),
                       .held_out = make_distortion(recipe.reward, ffn, moments.held_out, device, rewards)});
    });
  }
}

void run_training(Trainer& trainer, const TrainOptions& options, const TrainingDirectory& directory,
                  const CurveLog& log, Progress& progress) {
  progress.begin("training", "steps", static_cast<std::uint64_t>(options.steps));
  progress.advance(static_cast<std::uint64_t>(trainer.completed_steps()));
  while (!trainer.done()) {
    const std::size_t validations = trainer.curve().size();
    trainer.step();
    if (trainer.curve().size() > validations) {
      directory.save_state(trainer.state());  // before anyone is told, who may stop the work
      const CurvePoint& point = trainer.curve().back();
      progress.status(fmt::format("reward {:.4f} (best {:.4f})", point.validation_reward, trainer.best_reward()));
      log_points(log, trainer.curve(), validations);
    }
    progress.advance(1);
  }
}

}  // namespace

Policy train_on_models(const std::vector<std::filesystem::path>& directories, const Recipe& asked_for,
                       const TrainingFiles& files, Progress& progress, const Registries& registries) {
  if (directories.empty()) throw Error(ErrorKind::kInvalidArgument, "training needs at least one model");
  if (asked_for.policy != PolicyKind::kFeatures) {
    throw Error(ErrorKind::kInvalidArgument,
                "recipe key 'policy' is 'prunenet', but a policy of kind 'features' is trained here");
  }
  check(asked_for.probe);
  check(asked_for.reward, registries.rewards);
  check(asked_for.train);
  const std::vector<std::string> names = feature_names(registries.features);
  const torch::Tensor mask = feature_mask(names, asked_for.train.without_features);
  std::vector<TrainingModel> models;
  models.reserve(directories.size());
  for (const auto& path : directories) models.push_back(open_training_model(path, registries.families));
  const GivenProbes given(files.probes, models);
  const Recipe recipe = given.recipe_for(asked_for);
  require_metric(recipe);
  const nlohmann::json seeds = given.seeds(models, recipe);
  const TrainingDirectory directory(files.work_directory, state_key(models, seeds, recipe, names), files.resume);

  ModelEnvironment environment;
  const Measurements measurements(recipe, files, given, directory, registries.features, progress);
  double probe_seconds = 0.0;
  double feature_seconds = 0.0;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const ProbeFile probe = measurements.probe(models[i], i);
    const SavedFeatures features = measurements.features(models[i], i);
    probe_seconds += probe.seconds();
    const Stopwatch watch;
    add_layers(models[i], probe, features.layers, mask, recipe, registries.rewards, files.load.device, environment);
    feature_seconds += features.seconds + watch.seconds();
  }

  Trainer trainer(environment, recipe.train, files.load.device);
  if (const auto state = directory.load_state()) trainer.restore(*state);
  run_training(trainer, recipe.train, directory, files.log, progress);
  return {.network = trainer.best_policy(),
          .features = names,
          .recipe = to_json(recipe),
          .curve = to_json(trainer.curve()),
          .provenance = {{"prunenet_version", version()},
                         {"models", describe(models)},
                         {"seed", recipe.train.seed},
                         {"probe_seeds", seeds},
                         {"best_validation_reward", trainer.best_reward()},
                         {"probe_seconds", probe_seconds},
                         {"feature_seconds", feature_seconds},
                         {"training_seconds", trainer.curve().back().seconds}}};
}

}  // namespace prunenet
