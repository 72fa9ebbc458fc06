#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/core/progress.h"
#include "prunenet/heal/heal.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/plan/plan.h"
#include "prunenet/probe/options.h"
#include "prunenet/prune/prunable.h"
#include "prunenet/prune/prune.h"

namespace prunenet {

/// Where the moments come from that down projections are refitted by.
enum class HealForm {
  kSequential,  ///< each layer is run in the model pruned and healed so far (heal.h)
  kOneShot,     ///< from a probe's moments alone (one_shot.h)
};

/// "sequential", "one-shot"
[[nodiscard]] std::string_view to_string(HealForm form);
/// Throws Error(kInvalidArgument) listing the names.
[[nodiscard]] HealForm parse_heal_form(std::string_view name);

/// How a pruned model is healed, and on which text.
struct HealingOptions {
  HealForm form = HealForm::kSequential;
  HealOptions fit = {};              ///< its correction means nothing in one shot
  std::filesystem::path probe = {};  ///< whose text, or moments, are taken; empty: the model samples text of `text`
  ProbeOptions text = {};
  std::uint64_t seed = 0;  ///< of that text
  LoadOptions load = {};   ///< of the dense model
};

/// Refitted down projections on their way into a pruned model: in a scratch directory beside the output, which goes
/// with the object.
class HealedDowns {
 public:
  /// Refits all down projections of what `plan` leaves of `model`, to be pruned to `output`. Throws
  /// Error(kInvalidArgument) for one shot without a probe, Error(kMismatch) for a probe of another model,
  /// Error(kOutOfSpace) where memory or disk are too small, and what `heal_sequentially` or `heal_in_one_shot` throws.
  HealedDowns(const Prunable& model, const Plan& plan, const HealingOptions& options,
              const std::filesystem::path& output, Progress& progress);

  /// Points them to what was fitted.
  void put_into(PruneOptions& options) const;
  /// How well each layer was fitted, and to what.
  [[nodiscard]] const HealingRecord& record() const { return record_; }

 private:
  std::vector<StoredDown> downs_;
  OutputDirectory scratch_;
  HealingRecord record_;
};

}  // namespace prunenet
