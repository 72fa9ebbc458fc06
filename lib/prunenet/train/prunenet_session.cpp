#include "prunenet/train/prunenet_session.h"

#include <fmt/format.h>

#include "prunenet/core/error.h"
#include "prunenet/core/version.h"
#include "prunenet/train/training_files.h"
#include "prunenet/train/training_model.h"

namespace prunenet {

namespace {

void note_skipped(const PrunenetTrainer& trainer, std::int64_t layers, Progress& progress) {
  std::int64_t skipped = 0;
  for (const EpisodePoint& point : trainer.curve()) skipped += point.skipped;
  if (skipped == 0) return;
  progress.warn(
      fmt::format("{} of {} optimizer steps were passed over because the gradient was not finite, as the "
                  "published code passes over them",
                  skipped, trainer.completed_episodes() * layers));
}

}  // namespace

MatrixF CheckpointRows::rows(std::int64_t layer) const {
  const FfnBlock block = family_.ffn_block(layer);
  return read_weight(checkpoint_, block.gate.exists() ? block.gate : block.up);
}

PublishedPolicy train_prunenet(const NeuronRows& rows, const PrunenetOptions& options, Progress& progress,
                               const PrunenetHooks& hooks) {
  PrunenetTrainer trainer(rows, options);
  if (hooks.start != nullptr) trainer.restore(*hooks.start);
  const auto units_an_episode = static_cast<std::uint64_t>(2 * rows.num_layers());  // a draw and an update a layer
  progress.begin("training", "layers", static_cast<std::uint64_t>(options.episodes) * units_an_episode);
  progress.advance(static_cast<std::uint64_t>(trainer.completed_episodes()) * units_an_episode);
  while (!trainer.done()) {
    trainer.episode(progress);
    const EpisodePoint& point = trainer.curve().back();
    progress.status(fmt::format("episode {}, mean KS {:.4f}", point.episode, point.mean_ks));
    if (hooks.after_episode) hooks.after_episode(trainer);
  }
  note_skipped(trainer, rows.num_layers(), progress);
  Recipe recipe;
  recipe.policy = PolicyKind::kPrunenet;
  recipe.prunenet = options;
  return {.network = trainer.best_policy(),
          .ratio = options.ratio,
          .faithful = options.faithful,
          .recipe = to_json(recipe),
          .curve = to_json(trainer.curve()),
          .provenance = {{"prunenet_version", version()},
                         {"seed", options.seed},
                         {"best_episode", trainer.best_episode()},
                         {"training_seconds", trainer.curve().back().seconds}}};
}

PublishedPolicy train_prunenet_on_model(const std::vector<std::filesystem::path>& models, const Recipe& recipe,
                                        const TrainingFiles& files, Progress& progress, const Registries& registries) {
  if (models.size() != 1) {
    throw Error(ErrorKind::kUnsupported, fmt::format("policy 'prunenet' trains on one model, but {} were given; train "
                                                     "one policy a model, or use policy 'features'",
                                                     models.size()));
  }
  check(recipe.prunenet);
  std::vector<TrainingModel> opened;
  opened.push_back(open_training_model(models.front(), registries.families));
  const TrainingModel& model = opened.front();
  const std::string key = digest({{"models", {model.sha256}}, {"recipe", to_json(recipe)}});
  const TrainingDirectory directory(files.work_directory, key, files.resume);
  const std::optional<TrainerState> start = directory.load_state();

  const CheckpointRows rows(model.checkpoint, *model.family);
  PublishedPolicy policy = train_prunenet(
      rows, recipe.prunenet, progress,
      {.start = start ? &*start : nullptr, .after_episode = [&directory, &files](const PrunenetTrainer& trainer) {
         directory.save_state(trainer.state());
         log_points(files.log, trainer.curve(), trainer.curve().size() - 1);
       }});
  policy.provenance["models"] = describe(opened);
  return policy;
}

}  // namespace prunenet
