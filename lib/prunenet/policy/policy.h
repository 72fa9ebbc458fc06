#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/plan/budget.h"
#include "prunenet/policy/network.h"

namespace prunenet {

/// A trained policy: the network, what it reads, and where it comes from. One .safetensors file: the network's
/// parameters are its tensors, everything else is JSON text in the metadata.
struct Policy {
  PolicyNetwork network = nullptr;    ///< scores from features
  std::vector<std::string> features;  ///< names in the order in which the network reads them
  nlohmann::json recipe;              ///< the options of probe and training
  nlohmann::json curve;               ///< learning curve: array of objects
  std::optional<Budget> budget = {};  ///< how layers share what may stay; none: only uniform widths are known
  nlohmann::json provenance;          ///< tool version, models and their SHA-256, seed, seconds
};

/// Complete or absent (temporary file, fsync, rename). Throws Error(kOutOfSpace), Error(kIo).
void save_policy(const std::filesystem::path& path, const Policy& policy);

/// Throws Error(kBadInput) naming file and field; Error(kUnsupported) for another format version; Error(kMismatch) for
/// a policy of another kind.
[[nodiscard]] Policy load_policy(const std::filesystem::path& path);

/// Throws Error(kMismatch) naming every feature that the policy reads and the extractor lacks, and the other way round,
/// or the first position at which the order differs.
void check_features(const Policy& policy, const std::vector<std::string>& available);

}  // namespace prunenet
