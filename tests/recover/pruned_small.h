#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "prunenet/core/rng.h"
#include "prunenet/family/family.h"
#include "prunenet/plan/plan.h"
#include "prunenet/prune/prune.h"
#include "prunenet/recover/recovery.h"
#include "support/temporary_directory.h"
#include "support/trained_model.h"

namespace prunenet::testing {

/// The small trained model teaches the student of that name in `place`, without outside text.
inline RecoveryFiles recovery_files(const TemporaryDirectory& place, const std::string& student,
                                    const std::string& output) {
  return {.teacher = trained_model("small"),
          .student = place / student,
          .text = {},
          .output = place / output,
          .work_directory = place / (output + ".recover")};
}

/// Prunes the small trained model by chance: 30 % of its neurons, which hurts it badly.
inline void prune_small_by_chance(const std::filesystem::path& output) {
  const Checkpoint checkpoint = Checkpoint::open(trained_model("small"));
  const auto family = make_family(checkpoint);
  Rng rng(7);
  std::vector<std::vector<float>> scores(static_cast<std::size_t>(family->config().num_hidden_layers));
  for (auto& layer : scores) {
    for (std::int64_t i = 0; i < family->config().intermediate_size; ++i) {
      layer.push_back(static_cast<float>(rng.uniform()));
    }
  }
  PruneOptions options;
  options.output = output;
  SilentProgress silent;
  (void)prune_checkpoint(checkpoint, *family, make_uniform_plan(scores, 0.3, 1, "chance"), options, silent);
}

}  // namespace prunenet::testing
