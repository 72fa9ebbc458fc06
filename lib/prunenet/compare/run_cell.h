#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/baselines/planner.h"
#include "prunenet/compare/cells.h"
#include "prunenet/compare/recipe.h"
#include "prunenet/eval/multiple_choice.h"
#include "prunenet/eval/perplexity.h"
#include "prunenet/family/family_registry.h"
#include "prunenet/probe/probe.h"
#include "prunenet/report/record.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

/// What all cells of a comparison share.
struct CellContext {
  const ComparisonRecipe& recipe;
  PlannerModel model;
  const FamilyRegistry& families;  ///< that the model's is of
  const Tokenizer& tokenizer;
  nlohmann::json model_facts;                   ///< "model" of the records
  nlohmann::json calibration_facts;             ///< "calibration" of the records; null where there is no text
  nlohmann::json probe_facts;                   ///< "probe" of the records; null where none was given
  const std::vector<ResponseMoments>& moments;  ///< on which distortions are measured, a layer each
  std::filesystem::path scratch;                ///< directory for pruned models, which are removed once measured
  std::string command_line;
};

/// A planner with what its cells share.
struct MethodRun {
  std::unique_ptr<Planner> planner;
  double longest_selection = 0.0;  ///< seconds; later ones reuse what that one computed, and say the same
};

/// Record fields that say which cell it is: all that a failed one has.
[[nodiscard]] nlohmann::json cell_identity(const CellSpec& cell, DataUse data, const CellContext& context);

/// The model as it is, which later cells are compared with.
[[nodiscard]] Record run_dense_cell(const CellSpec& cell, const CellContext& context, Progress& progress);

/// Selects, applies, evaluates. A plan of uniform width is applied as `prunenet apply` does it, to a checkpoint that is
/// then loaded; one that stock checkpoints cannot hold, in memory.
/// Throws what its parts throw.
[[nodiscard]] Record run_cell(const CellSpec& cell, MethodRun& method, const CellContext& context, const Record& dense,
                              Progress& progress);

}  // namespace prunenet
