#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/plan/plan.h"
#include "prunenet/prune/estimate.h"
#include "prunenet/prune/prune.h"

namespace prunenet {

/// SHA-256 of files by their names in a directory.
using Digests = std::map<std::string, std::string>;

/// Of all named files; reports bytes.
[[nodiscard]] Digests digest_files(const std::filesystem::path& directory, const std::vector<std::string>& names,
                                   std::string_view stage, Progress& progress);

/// What a pruned model says of itself: how it was made, from what, and what it is. A directory has it as prunenet.json,
/// a GGUF file in its metadata.
///
/// The same input, policy, seed and version give the same record but for `run`, which tells of one run on one machine.
struct PruneRecord {
  static constexpr int kFormatVersion = 2;
  struct PolicyFile {
    std::string file;  ///< base name
    std::string sha256;
  };
  struct Run {
    std::string command_line;  ///< as typed; empty where there was none
    double wall_seconds = 0.0;
    std::uint64_t peak_rss_bytes = 0;
  };
  std::string prunenet_version;
  std::optional<std::uint64_t> seed;  ///< where the plan was drawn at random
  std::string model;                  ///< name of the input's directory or file
  std::optional<PolicyFile> policy;   ///< where one made the plan
  PruneEstimate sizes;
  bool down_bias_changed = false;
  std::optional<HealingRecord> healing;  ///< where down projections, and their biases, were refitted
  Digests inputs;                        ///< every file that something was taken from
  Digests outputs;                       ///< every file but the record; none of a GGUF file, which cannot hold its own
  Plan plan;
  std::optional<Run> run;  ///< none in a GGUF file, which has no place that is not its content
};

/// The record of this version's run with these options, but for digests of files and `run`.
[[nodiscard]] PruneRecord make_record(const PruneOptions& options, const PruneEstimate& sizes, const Plan& plan,
                                      const std::string& model_name);

/// As JSON text. Names and command lines may be in any encoding; what is not UTF-8 is replaced.
[[nodiscard]] std::string record_text(const PruneRecord& record);

/// Reads what `record_text` gives; `where` stands in messages. Throws Error(kBadInput) naming the field that is
/// missing, unknown or of another kind, a digest that is none, or a name of a file that leads out of its directory;
/// Error(kUnsupported) for a record of another version.
[[nodiscard]] PruneRecord parse_record(const std::string& text, const std::string& where);

/// Names of the fields in which two records differ, as JSON pointers ("/parameters/after") with both values.
[[nodiscard]] std::vector<std::string> differing_fields(const PruneRecord& expected, const PruneRecord& found);

/// "at /a/b: 3 in place of 4", an entry for each place where two documents differ.
[[nodiscard]] std::vector<std::string> json_differences(const nlohmann::json& expected, const nlohmann::json& found);

/// The model card: `original` (empty where there was none) with a section of what was done appended.
[[nodiscard]] std::string model_card(const std::string& original, const PruneEstimate& sizes, const Plan& plan,
                                     const PruneOptions& options);

}  // namespace prunenet
