#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "network.h"
#include "options.h"
#include "prunable.h"
#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/progress.h"
#include "prunenet/plan/plan.h"
#include "prunenet/probe/options.h"
#include "prunenet/prune/prune.h"

namespace prunenet::cli {

/// What a verb that prunes says of healing.
struct HealArguments {
  bool heal = false;
  std::string form;   ///< empty: sequential
  std::string probe;  ///< a probe file in place of sampling
  std::optional<double> correction;
  std::optional<std::int64_t> tokens, held_out_tokens;
  std::vector<std::int64_t> start_tokens;
  NetworkArguments network;
};

/// Adds --heal and what goes with it.
void add_heal_options(VerbOptions& options, HealArguments& arguments);

/// Throws Error(kInvalidArgument) where they do not go together.
void check_heal_arguments(const HealArguments& arguments, const VerbOptions& options);

/// What is healed: a model that was opened, by which plan, and where it came from.
struct HealRequest {
  const HealArguments& arguments;
  const Prunable& prunable;
  std::filesystem::path model;   ///< the path of `prunable`
  std::filesystem::path policy;  ///< whose options of its probe stand where none are given; empty: none
  std::uint64_t seed = 0;
  std::filesystem::path output;
};

/// Refitted down projections on their way into a pruned model: in a scratch directory beside the output, which goes
/// with the object.
class HealedDowns {
 public:
  /// Heals. Throws Error(kMismatch) for a probe of another model, Error(kOutOfSpace) where memory or disk are too
  /// small, and what healing throws.
  HealedDowns(const HealRequest& request, const Plan& plan, Progress& progress);

  /// Points them to what was fitted.
  void put_into(PruneOptions& options) const;
  /// In words.
  [[nodiscard]] std::string summary() const;

 private:
  std::vector<StoredDown> downs_;
  OutputDirectory scratch_;
  HealingRecord record_;
};

}  // namespace prunenet::cli
