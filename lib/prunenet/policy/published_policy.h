#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/core/rng.h"
#include "prunenet/policy/prunenet_network.h"

namespace prunenet {

/// A trained policy of the PruneNet paper's form, for one ratio and one shape of layer. The file is that of `Policy`
/// with kind "prunenet".
struct PublishedPolicy {
  PrunenetNetwork network = nullptr;
  double ratio = 0.0;         ///< share of neurons that it was trained to remove, (0, 1)
  bool faithful = true;       ///< whether `keep_indices` draws, as the published code does, or takes the best
  nlohmann::json recipe;      ///< the options of training
  nlohmann::json curve;       ///< one object an episode
  nlohmann::json provenance;  ///< tool version, model and its SHA-256, seed, seconds
};

/// Complete or absent. Throws Error(kOutOfSpace), Error(kIo).
void save_published_policy(const std::filesystem::path& path, const PublishedPolicy& policy);

/// Throws as `load_policy`, for the other kind.
[[nodiscard]] PublishedPolicy load_published_policy(const std::filesystem::path& path);

/// Throws Error(kMismatch) with the numbers where a model's d or I is not the one trained on, or the ratio is another.
void check_fits(const PublishedPolicy& policy, std::int64_t hidden_size, std::int64_t intermediate_size, double ratio);

/// The `count` neurons that stay, ascending, count in [0, I]. rows: I x d, those trained on (the gate's, or the up
/// projection's where there is no gate).
/// - Faithful, or `sample`: drawn, from concrete noise and then without replacement in proportion to what comes of it
///   (faithful), or without replacement in proportion to exp(z).
/// - Otherwise the largest z, `rng` untouched; equal ones keep the lower index.
[[nodiscard]] std::vector<std::int64_t> keep_indices(PublishedPolicy& policy, const MatrixF& rows, std::int64_t count,
                                                     Rng& rng, bool sample = false);

}  // namespace prunenet
