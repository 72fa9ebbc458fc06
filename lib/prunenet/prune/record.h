#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "prunenet/plan/plan.h"
#include "prunenet/prune/prune.h"

namespace prunenet {

/// SHA-256 of files by their names in a directory.
using Digests = std::map<std::string, std::string>;

/// Of all named files; reports bytes.
[[nodiscard]] Digests digest_files(const std::filesystem::path& directory, const std::vector<std::string>& names,
                                   std::string_view stage, Progress& progress);

/// Everything that prunenet.json says: how the checkpoint was made, from what, and what it is.
[[nodiscard]] nlohmann::ordered_json make_record(const PruneOptions& options, const PruneReport& report,
                                                 const Plan& plan, const Digests& inputs, const Digests& outputs,
                                                 const std::string& model_name);

/// As JSON text. Names and command lines may be in any encoding; what is not UTF-8 is replaced.
[[nodiscard]] std::string record_text(const nlohmann::ordered_json& record);

/// The model card: `original` (empty where there was none) with a section of what was done appended.
[[nodiscard]] std::string model_card(const std::string& original, const PruneEstimate& sizes, const Plan& plan,
                                     const PruneOptions& options);

}  // namespace prunenet
