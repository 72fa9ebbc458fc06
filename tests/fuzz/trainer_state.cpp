#include "fuzz/harness.h"
#include "fuzz/safetensors_mutator.h"
#include "prunenet/train/trainer.h"
#include "prunenet/train/training_files.h"
#include "train/synthetic_environment.h"

namespace prunenet {

/// What `train --resume` goes on from, policy features.
PRUNENET_FUZZ_TARGET(trainer_state) {
  static const testing::SyntheticEnvironment environment(2, 6, 1);
  static const TrainOptions options = [] {
    TrainOptions small;
    small.steps = 4;
    small.network = {.hidden = 2, .depth = 1};
    return small;
  }();
  static Trainer trainer(environment, options);
  const TrainingDirectory directory(testing::fuzz_directory({{"state.safetensors", input}}), "state", true);
  const auto state = directory.load_state();
  if (!state) return;  // no file: a training from its beginning
  trainer.restore(*state);
  if (trainer.done()) static_cast<void>(trainer.curve().at(0));  // the session ends with the last one
}

}  // namespace prunenet
