#include <prunenet/prunenet.h>

int main(int /*count*/, char** arguments) {  // MODEL POLICY OUT
  const prunenet::Checkpoint checkpoint = prunenet::Checkpoint::open(arguments[1]);
  const auto family = prunenet::make_family(checkpoint);
  prunenet::Policy policy = prunenet::load_policy(arguments[2]);

  prunenet::SilentProgress progress;
  const auto scores = prunenet::score_model({&policy, 1}, prunenet::CheckpointWeights(checkpoint, *family), progress);
  const prunenet::Plan plan = prunenet::make_uniform_plan(scores, /*ratio=*/0.3, /*round_to=*/32, "my policy");
  prunenet::prune_checkpoint(checkpoint, *family, plan, {.output = arguments[3]}, progress);
}
