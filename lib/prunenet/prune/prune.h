#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/core/matrix.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"
#include "prunenet/plan/plan.h"
#include "prunenet/prune/estimate.h"
#include "prunenet/prune/healing_record.h"

namespace prunenet {

/// Where a pruned checkpoint goes, and what its record says of how it was made.
struct PruneOptions {
  std::filesystem::path output;            ///< directory to be made
  bool force = false;                      ///< replace a model directory that is there
  std::string command_line = {};           ///< as typed; empty where there was none
  std::optional<std::uint64_t> seed = {};  ///< where the plan was drawn at random
  std::filesystem::path policy = {};       ///< the policy file that made the plan; empty where there was none
  /// Empty, or one [d] a layer that is added to the down projection's bias (what the removed neurons wrote on average,
  /// say). Such biases are the one thing that is not bit-identical then.
  std::vector<VectorF> down_bias = {};
  /// A safetensors file of F32 tensors, by the output's names and of its shapes, that take the place of what is left of
  /// the input's, rounded to the output's type; empty: none. `DownReplacementWriter` makes one.
  std::filesystem::path replacements = {};
  std::optional<HealingRecord> healing = {};  ///< where they are healed down projections: how
  int threads = 1;                            ///< from 2 on, reading and writing overlap
};

/// The estimate come true, and what it took.
struct PruneReport {
  PruneEstimate sizes;               ///< of input and output
  std::filesystem::path output;      ///< absolute
  double wall_seconds = 0.0;         ///< of the whole call
  std::uint64_t peak_rss_bytes = 0;  ///< of the process, so far
  std::vector<std::string> remarks;  ///< what a user of the output should know, in sentences
};

/// What `prune_checkpoint` would write; nothing is written. Throws what `lay_out_pruned` throws.
[[nodiscard]] PruneEstimate estimate_prune(const Checkpoint& checkpoint, const Family& family, const Plan& plan);

/// Writes the checkpoint without the neurons that the plan removes, as an ordinary model directory: the same tensors
/// with fewer rows and columns, everything kept bit-identical and of its type; config.json with the new width;
/// tokenizer and all other small files copied; `prunenet.json`, the record of how it was made; a section of README.md
/// for people.
///
/// Streams: every weight file is read once, front to back, and some pieces of 4 MiB are in memory, whatever its size
/// (see `stream_shard`). The result is opened again by the strict reader before it is put in place; the directory is
/// complete or absent. The input is never changed.
///
/// Throws Error(kMismatch) where plan and model, or replacements and output, do not belong together, what `bias_shifts`
/// and OutputDirectory throw, Error(kOutOfSpace) on a full disk, and what `progress` throws.
PruneReport prune_checkpoint(const Checkpoint& checkpoint, const Family& family, const Plan& plan,
                             const PruneOptions& options, Progress& progress);

}  // namespace prunenet
