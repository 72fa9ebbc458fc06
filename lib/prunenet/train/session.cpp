#include "prunenet/train/session.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/core/version.h"
#include "prunenet/family/checkpoint_weights.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/train/reward.h"
#include "prunenet/train/training_files.h"
#include "prunenet/train/training_model.h"

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

TrainingKeys training_keys(const std::vector<TrainingModel>& models, const Recipe& recipe) {
  const nlohmann::json options = to_json(recipe);
  nlohmann::json hashes = nlohmann::json::array();
  for (const TrainingModel& model : models) hashes.push_back(model.sha256);
  return {.probe = digest({{"models", hashes}, {"probe", options["probe"]}, {"seed", recipe.train.seed}}),
          .state = digest({{"models", hashes}, {"recipe", options}, {"features", feature_names()}})};
}

Probe probe_of(const TrainingModel& model, std::size_t index, const Recipe& recipe, const TrainingDirectory& directory,
               Progress& progress) {
  const ModelConfig& config = model.family->config();
  if (auto saved = directory.load_probe(index, config.num_hidden_layers, config.intermediate_size)) {
    return std::move(*saved);
  }
  const CausalLm network = CausalLm::load(model.checkpoint, *model.family, progress);
  Probe probe = run_probe(network, recipe.probe, recipe.train.seed, progress);
  directory.save_probe(index, probe);
  return probe;
}

/// 1 for every feature that has a say, 0 for the others, float [F].
torch::Tensor feature_mask(const std::vector<std::string>& without) {
  const std::vector<std::string>& names = feature_names();
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

void add_layers(const TrainingModel& model, Probe probe, const Recipe& recipe, ModelEnvironment& environment,
                Progress& progress) {
  const torch::Tensor mask = feature_mask(recipe.train.without_features);
  const CheckpointWeights weights(model.checkpoint, *model.family);
  extract_features(
      weights,
      [&](std::int64_t layer, const MatrixF& features) {
        const auto index = static_cast<std::size_t>(layer);
        const FfnWeights ffn = read_ffn(model.checkpoint, *model.family, layer);
        located(fmt::format("layer {}", layer), [&] {
          environment.add({.features = to_tensor(features) * mask,
                           .training = make_distortion(recipe.reward, ffn, probe.training.at(index)),
                           .held_out = make_distortion(recipe.reward, ffn, probe.held_out.at(index))});
        });
        probe.training[index] = {};  // moments are the size of the model: keep the distortion's form of them only
        probe.held_out[index] = {};
      },
      progress);
}

void run_training(Trainer& trainer, const TrainOptions& options, const TrainingDirectory& directory,
                  Progress& progress) {
  progress.begin("training", "steps", static_cast<std::uint64_t>(options.steps));
  progress.advance(static_cast<std::uint64_t>(trainer.completed_steps()));
  while (!trainer.done()) {
    const std::size_t validations = trainer.curve().size();
    trainer.step();
    if (trainer.curve().size() > validations) {
      const CurvePoint& point = trainer.curve().back();
      progress.status(fmt::format("reward {:.4f} (best {:.4f})", point.validation_reward, trainer.best_reward()));
      directory.save_state(trainer.state());
    }
    progress.advance(1);
  }
}

}  // namespace

Policy train_on_models(const std::vector<std::filesystem::path>& directories, const Recipe& recipe,
                       const TrainingFiles& files, Progress& progress) {
  if (directories.empty()) throw Error(ErrorKind::kInvalidArgument, "training needs at least one model");
  if (recipe.policy != PolicyKind::kFeatures) {
    throw Error(ErrorKind::kInvalidArgument,
                "recipe key 'policy' is 'prunenet', but a policy of kind 'features' is trained here");
  }
  check(recipe.probe);
  check(recipe.train);
  static_cast<void>(feature_mask(recipe.train.without_features));  // refuses bad names before the long part
  std::vector<TrainingModel> models;
  models.reserve(directories.size());
  for (const auto& path : directories) models.push_back(open_training_model(path));
  const TrainingDirectory directory(files.work_directory, training_keys(models, recipe), files.resume);

  const Stopwatch watch;
  ModelEnvironment environment;
  double probe_seconds = 0.0;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const Stopwatch probe_watch;
    Probe probe = probe_of(models[i], i, recipe, directory, progress);
    probe_seconds += probe_watch.seconds();
    add_layers(models[i], std::move(probe), recipe, environment, progress);
  }
  const double feature_seconds = watch.seconds() - probe_seconds;

  Trainer trainer(environment, recipe.train);
  if (const auto state = directory.load_state()) trainer.restore(*state);
  run_training(trainer, recipe.train, directory, progress);
  return {.network = trainer.best_policy(),
          .features = feature_names(),
          .recipe = to_json(recipe),
          .curve = to_json(trainer.curve()),
          .provenance = {{"prunenet_version", version()},
                         {"models", describe(models)},
                         {"seed", recipe.train.seed},
                         {"best_validation_reward", trainer.best_reward()},
                         {"probe_seconds", probe_seconds},
                         {"feature_seconds", feature_seconds},
                         {"training_seconds", trainer.curve().back().seconds}}};
}

}  // namespace prunenet
