#include "prunenet/train/session.h"

#include <fmt/format.h>

#include <memory>
#include <string_view>
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

/// A file name that says what it was made from.
std::string keyed_name(std::string_view what, const std::string& key) {
  return fmt::format("{}-{}.safetensors", what, key.substr(0, 16));
}

SavedFeatures features_from(const std::filesystem::path& path, const std::string& key, const TrainingModel& model,
                            Progress& progress) {
  const ModelConfig& config = model.family->config();
  if (auto saved = load_features(path, key, config.num_hidden_layers, config.intermediate_size,
                                 static_cast<std::int64_t>(feature_names().size()))) {
    return std::move(*saved);
  }
  SavedFeatures made;
  const Stopwatch watch;
  extract_features(
      CheckpointWeights(model.checkpoint, *model.family),
      [&made](std::int64_t /*layer*/, const MatrixF& features) { made.layers.push_back(features); }, progress);
  made.seconds = watch.seconds();
  save_features(path, key, made);
  return made;
}

std::string features_key(const TrainingModel& model) {
  return digest({{"model", model.sha256}, {"features", feature_names()}, {"version", version()}});
}

/// Finds and makes what a training needs to know of its models.
class Measurements {
 public:
  Measurements(const Recipe& recipe, const TrainingFiles& files, const TrainingDirectory& directory, Progress& progress)
      : recipe_(recipe), shared_(files.shared_directory), directory_(directory), progress_(progress) {}

  [[nodiscard]] SavedProbe probe(const TrainingModel& model, std::size_t index) const {
    const std::string key = digest({{"model", model.sha256},
                                    {"probe", to_json(recipe_).at("probe")},
                                    {"seed", recipe_.train.seed},
                                    {"version", version()}});
    const std::filesystem::path path = path_of("probe", index, key);
    const ModelConfig& config = model.family->config();
    if (auto saved = load_probe(path, key, config.num_hidden_layers, config.intermediate_size)) {
      return std::move(*saved);
    }
    const Stopwatch watch;
    SavedProbe made;
    {
      const CausalLm network = CausalLm::load(model.checkpoint, *model.family, progress_);
      made.probe = run_probe(network, recipe_.probe, recipe_.train.seed, progress_);
    }
    made.seconds = watch.seconds();
    save_probe(path, key, made);
    return made;
  }

  [[nodiscard]] SavedFeatures features(const TrainingModel& model, std::size_t index) const {
    const std::string key = features_key(model);
    return features_from(path_of("features", index, key), key, model, progress_);
  }

 private:
  [[nodiscard]] std::filesystem::path path_of(std::string_view what, std::size_t index, const std::string& key) const {
    return shared_.empty() ? directory_.model_file(what, index) : shared_ / keyed_name(what, key);
  }

  const Recipe& recipe_;
  const std::filesystem::path& shared_;
  const TrainingDirectory& directory_;
  Progress& progress_;
};

std::string state_key(const std::vector<TrainingModel>& models, const Recipe& recipe) {
  nlohmann::json hashes = nlohmann::json::array();
  for (const TrainingModel& model : models) hashes.push_back(model.sha256);
  return digest({{"models", hashes}, {"recipe", to_json(recipe)}, {"features", feature_names()}});
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

void add_layers(const TrainingModel& model, Probe probe, const std::vector<MatrixF>& features, const Recipe& recipe,
                ModelEnvironment& environment) {
  const torch::Tensor mask = feature_mask(recipe.train.without_features);
  for (std::size_t layer = 0; layer < features.size(); ++layer) {
    const FfnWeights ffn = read_ffn(model.checkpoint, *model.family, static_cast<std::int64_t>(layer));
    located(fmt::format("layer {}", layer), [&] {
      environment.add({.features = to_tensor(features[layer]) * mask,
                       .training = make_distortion(recipe.reward, ffn, probe.training.at(layer)),
                       .held_out = make_distortion(recipe.reward, ffn, probe.held_out.at(layer))});
    });
    probe.training[layer] = {};  // moments are the size of the model: keep the distortion's form of them only
    probe.held_out[layer] = {};
  }
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
  const TrainingDirectory directory(files.work_directory, state_key(models, recipe), files.resume);

  ModelEnvironment environment;
  const Measurements measurements(recipe, files, directory, progress);
  double probe_seconds = 0.0;
  double feature_seconds = 0.0;
  for (std::size_t i = 0; i < models.size(); ++i) {
    SavedProbe probe = measurements.probe(models[i], i);
    const SavedFeatures features = measurements.features(models[i], i);
    probe_seconds += probe.seconds;
    const Stopwatch watch;
    add_layers(models[i], std::move(probe.probe), features.layers, recipe, environment);
    feature_seconds += features.seconds + watch.seconds();
  }

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

SavedFeatures model_features(const TrainingModel& model, const std::filesystem::path& shared_directory,
                             Progress& progress) {
  const std::string key = features_key(model);
  return features_from(shared_directory / keyed_name("features", key), key, model, progress);
}

}  // namespace prunenet
