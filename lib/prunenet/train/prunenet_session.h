#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"
#include "prunenet/policy/published_policy.h"
#include "prunenet/train/prunenet_trainer.h"
#include "prunenet/train/recipe.h"
#include "prunenet/train/session.h"

namespace prunenet {

/// A checkpoint's gate rows, or up rows where its blocks have no gate. Both references must outlive the object.
class CheckpointRows final : public NeuronRows {
 public:
  CheckpointRows(const Checkpoint& checkpoint, const Family& family) : checkpoint_(checkpoint), family_(family) {}

  [[nodiscard]] std::int64_t num_layers() const override { return family_.config().num_hidden_layers; }
  [[nodiscard]] std::int64_t hidden_size() const override { return family_.config().hidden_size; }
  [[nodiscard]] std::int64_t intermediate_size() const override { return family_.config().intermediate_size; }
  /// Throws what Checkpoint::read_matrix throws.
  [[nodiscard]] MatrixF rows(std::int64_t layer) const override;

 private:
  const Checkpoint& checkpoint_;
  const Family& family_;
};

/// Where training starts, and who hears of it.
struct PrunenetHooks {
  const TrainerState* start = nullptr;                          ///< goes on from here; from the beginning where null
  std::function<void(const PrunenetTrainer&)> after_episode{};  ///< may be empty
};

/// Trains one policy. Same rows, options and threads give the same. Throws what PrunenetTrainer throws; `progress` may
/// stop it between layers. Its recipe and provenance hold the options, and what is known without the model's name.
[[nodiscard]] PublishedPolicy train_prunenet(const NeuronRows& rows, const PrunenetOptions& options, Progress& progress,
                                             const PrunenetHooks& hooks = {});

/// The whole of `prunenet train` with `policy: prunenet`; resumable episode by episode. Throws Error(kUnsupported) for
/// more than one model, which the published form cannot be trained on, and as `train_on_models`. Of `registries` it
/// needs the families.
[[nodiscard]] PublishedPolicy train_prunenet_on_model(const std::vector<std::filesystem::path>& models,
                                                      const Recipe& recipe, const TrainingFiles& files,
                                                      Progress& progress, const Registries& registries = {});

}  // namespace prunenet
