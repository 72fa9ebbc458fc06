#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "prunenet/baselines/planner.h"
#include "prunenet/compare/recipe.h"
#include "prunenet/core/progress.h"
#include "prunenet/train/registries.h"

namespace prunenet {

/// What a comparison reads and writes, and where it runs.
struct ComparisonFiles {
  std::filesystem::path model;    ///< directory
  std::filesystem::path output;   ///< directory of the records, and of policies that are trained (`policies/`)
  std::string command_line = {};  ///< for the records; may be empty
  std::filesystem::path probe =
      {};  ///< of the model, made by `prunenet probe`: methods that probe take this; empty: none
  torch::Device device = torch::kCPU;  ///< where the model is run
  bool retry_failed = false;           ///< run cells again whose record says that they failed
};

/// Counts of cells.
struct ComparisonSummary {
  std::int64_t done = 0;    ///< cells measured by this call
  std::int64_t reused = 0;  ///< cells whose record was there
  std::int64_t failed = 0;  ///< cells recorded as failed, by this call or before
};

/// Every method at every ratio with every seed, each cell a record in `files.output`. A cell whose record is there is
/// not run again, so an interrupted comparison goes on where it stopped. A cell that fails (not enough memory, a number
/// that is not finite, no calibration text, a method that the architecture has no place for) is recorded with its
/// reason, and the rest is run.
///
/// Throws Error(kMismatch) where a record in the way is of other settings, or the probe of another model;
/// Error(kInvalidArgument) for options that a method does not know, or a method that needs calibration text where there
/// is none; what opening the model throws; Error(kInterrupted), Error(kOutOfSpace) and Error(kIo), which would strike
/// every cell.
/// `planners`: what recipes may name besides `policy`; `registries`: what policies are trained and applied with.
ComparisonSummary run_comparison(const ComparisonRecipe& recipe, const ComparisonFiles& files, Progress& progress,
                                 const PlannerRegistry& planners = built_in_planners(),
                                 const Registries& registries = {});

}  // namespace prunenet
