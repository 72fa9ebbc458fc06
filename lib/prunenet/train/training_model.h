#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/family/family.h"
#include "prunenet/family/family_registry.h"

namespace prunenet {

/// What identifies a model's weights: SHA-256 of the digests of its shards, in order.
[[nodiscard]] std::string weights_sha256(const Checkpoint& checkpoint);

/// A model, and what records identify it by.
struct TrainingModel {
  std::filesystem::path directory;  ///< or GGUF file
  Checkpoint checkpoint;            ///< opened
  std::unique_ptr<Family> family;   ///< of the checkpoint
  std::string sha256;               ///< weights_sha256
};

/// A directory or a GGUF file. Throws what open_checkpoint and make_family throw.
[[nodiscard]] TrainingModel open_hashed_model(const std::filesystem::path& directory,
                                              const FamilyRegistry& families = built_in_families());
/// One that a policy can be trained on: throws what require_one_width throws, too.
[[nodiscard]] TrainingModel open_training_model(const std::filesystem::path& directory,
                                                const FamilyRegistry& families = built_in_families());

/// What records say of it: `{name, sha256, architecture, hidden_size, intermediate_size, num_hidden_layers}`, and
/// `intermediate_sizes` where layers differ.
[[nodiscard]] nlohmann::json describe(const TrainingModel& model);
/// A list of these.
[[nodiscard]] nlohmann::json describe(const std::vector<TrainingModel>& models);

/// SHA-256 of the JSON's text.
[[nodiscard]] std::string digest(const nlohmann::json& value);

}  // namespace prunenet
