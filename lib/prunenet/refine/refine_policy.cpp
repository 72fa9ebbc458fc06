#include "prunenet/refine/refine_policy.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/sha256.h"
#include "prunenet/core/version.h"
#include "prunenet/features/feature_extractor.h"
#include "prunenet/refine/refine_trainer.h"
#include "prunenet/train/measurements.h"
#include "prunenet/train/training_files.h"
#include "prunenet/train/training_model.h"

namespace prunenet {

namespace {

using nlohmann::json;

/// The text from the work directory, or sampled and put there.
TaughtText text_of(const CausalLm& network, const TrainingModel& model, const RefineOptions& options,
                   const std::filesystem::path& path, Progress& progress) {
  const std::string key = digest(text_settings(options, model.sha256));
  if (auto text = load_taught_text(path, key)) return std::move(*text);
  TaughtText text = sample_taught_text(network, options, progress);
  save_taught_text(path, key, text);
  return text;
}

std::vector<RefinedModel> prepare(const std::vector<TrainingModel>& models, const RefineOptions& options,
                                  const RefineFiles& files, const TrainingDirectory& directory,
                                  const FeatureRegistry& registered, Progress& progress) {
  std::vector<RefinedModel> prepared;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const SavedFeatures features = model_features(models[i], files.work_directory, progress, registered);
    CausalLm network = CausalLm::load(models[i].checkpoint, *models[i].family, progress, files.load);
    TaughtText text = text_of(network, models[i], options, directory.model_file(ModelFile::kText, i), progress);
    std::vector<torch::Tensor> tensors;
    for (const MatrixF& layer : features.layers) tensors.push_back(to_tensor(layer));
    prepared.push_back({std::move(network), std::move(tensors), std::move(text)});
  }
  return prepared;
}

/// Trains, and keeps the state after every validation, and where it is interrupted.
void run_refinement(RefineTrainer& trainer, const RefineOptions& options, const TrainingDirectory& directory,
                    const CurveLog& log, Progress& progress) {
  const auto tokens = static_cast<std::uint64_t>(trainer.tokens_per_step());
  progress.begin("refining", "tokens", static_cast<std::uint64_t>(options.steps) * tokens);
  progress.advance(static_cast<std::uint64_t>(trainer.completed_steps()) * tokens);
  while (!trainer.done()) {
    const std::size_t points = trainer.curve().size();
    try {
      trainer.step(progress);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInterrupted) directory.save_state(trainer.state());
      throw;
    }
    if (trainer.curve().size() == points) continue;
    directory.save_state(trainer.state());  // before anyone is told, who may stop the work
    progress.status(
        fmt::format("KL {:.4f} (best {:.4f})", trainer.curve().back().held_out_divergence, trainer.best_divergence()));
    log_points(log, trainer.curve(), points);
  }
}

}  // namespace

Policy refine_policy(const RefineOptions& options, const RefineFiles& files, Progress& progress,
                     const Registries& registries) {
  check(options);
  if (files.models.empty()) throw Error(ErrorKind::kInvalidArgument, "refining a policy needs at least one model");
  Policy policy = load_policy(files.policy);
  check_features(policy, feature_names(registries.features));
  std::vector<TrainingModel> models;
  models.reserve(files.models.size());
  for (const auto& path : files.models) models.push_back(open_training_model(path, registries.families));
  const std::string start_sha256 = sha256_file(files.policy);
  json hashes = json::array();
  for (const TrainingModel& model : models) hashes.push_back(model.sha256);
  const std::string key = digest({{"models", hashes}, {"policy", start_sha256}, {"recipe", to_json(options)}});
  const TrainingDirectory directory(files.work_directory, key, files.resume);

  std::vector<RefinedModel> prepared = prepare(models, options, files, directory, registries.features, progress);
  RefineTrainer trainer(prepared, policy.network, options, policy.budget);
  if (const auto state = directory.load_state()) trainer.restore(*state);
  run_refinement(trainer, options, directory, files.log, progress);

  policy.network = trainer.best_policy();
  const bool budget = options.learn == Refined::kBudget;
  if (budget) policy.budget = trainer.best_budget();
  // A budget is learned of a policy that may have been refined itself.
  policy.recipe[budget ? "budget" : "refine"] = to_json(options).at("refine");
  policy.provenance[budget ? "budget" : "refinement"] = {{"prunenet_version", version()},
                                                         {"models", describe(models)},
                                                         {"seed", options.seed},
                                                         {"start_sha256", start_sha256},
                                                         {"best_held_out_divergence", trainer.best_divergence()},
                                                         {"curve", to_json(trainer.curve())}};
  return policy;
}

}  // namespace prunenet
