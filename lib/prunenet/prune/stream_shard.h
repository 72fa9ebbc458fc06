#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/core/progress.h"
#include "prunenet/prune/bias_shift.h"
#include "prunenet/prune/pruned_layout.h"
#include "prunenet/prune/replacements.h"

namespace prunenet {

/// SHA-256 of a weight file as it was read, and of what became of it as it was written.
struct ShardDigests {
  std::string input;
  std::string output;
};

struct StreamOptions {
  bool overlap = true;                      ///< reading and its digest have a thread of their own
  std::uint64_t piece_bytes = 4ULL << 20U;  ///< at most, or one unit of a cut (Slicer), whichever is larger
};

/// Writes `shard`, what stays of the file `input`, as `to`. The input is read once, front to back where its tensors lie
/// in the order of the output's (as most writers lay them), and hashed on the way; what is written is hashed, too.
///
/// Where `replacements` has a tensor, its numbers take the place of what the cut leaves, rounded to the tensor's type.
/// Memory: some pieces. Advances `progress` by bytes of the input. Throws what reading, writing, `shifted`,
/// `rounded_to` and `progress` throw.
[[nodiscard]] ShardDigests stream_shard(const SafetensorsFile& input, const Shard& shard,
                                        const std::map<std::string, Cut>& cuts, const BiasShifts& shifts,
                                        const Replacements& replacements, const std::filesystem::path& to,
                                        const StreamOptions& options, Progress& progress);

}  // namespace prunenet
