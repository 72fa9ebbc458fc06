#include "fuzz/harness.h"
#include "fuzz/safetensors_mutator.h"
#include "prunenet/train/prunenet_trainer.h"
#include "prunenet/train/training_files.h"

namespace prunenet {
namespace {

class NoRows final : public NeuronRows {
 public:
  [[nodiscard]] std::int64_t num_layers() const override { return 2; }
  [[nodiscard]] std::int64_t hidden_size() const override { return 2; }
  [[nodiscard]] std::int64_t intermediate_size() const override { return 4; }
  [[nodiscard]] MatrixF rows(std::int64_t /*layer*/) const override { return MatrixF::Ones(4, 2); }
};

}  // namespace

/// What `train --resume` goes on from, policy prunenet.
PRUNENET_FUZZ_TARGET(prunenet_state) {
  static const NoRows rows;
  static PrunenetTrainer trainer(rows, {.episodes = 3});
  const TrainingDirectory directory(testing::fuzz_directory({{"state.safetensors", input}}), "state", true);
  const auto state = directory.load_state();
  if (!state) return;  // no file: a training from its beginning
  trainer.restore(*state);
  if (trainer.done()) static_cast<void>(trainer.curve().at(0));
}

}  // namespace prunenet
