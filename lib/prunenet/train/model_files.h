#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/core/matrix.h"

namespace prunenet {

/// Features of a model's neurons, and the seconds that they took to compute; a safetensors file, so that they are
/// computed once for a training that is resumed, and for many of the same model.
struct SavedFeatures {
  std::vector<MatrixF> layers;  ///< I x F each
  double seconds = 0.0;
};

/// Nothing where there is no file. Throws Error(kMismatch) where its metadata has another key than `key`,
/// Error(kBadInput) where it is damaged, or not of `layers` layers with `neurons` neurons and `features` features.
[[nodiscard]] std::optional<SavedFeatures> load_features(const std::filesystem::path& path, const std::string& key,
                                                         std::int64_t layers, std::int64_t neurons,
                                                         std::int64_t features);

/// Complete or absent. Throws Error(kOutOfSpace) or Error(kIo).
void save_features(const std::filesystem::path& path, const std::string& key, const SavedFeatures& saved);

/// Throws Error(kMismatch) where the file's metadata has another key.
void check_key(const SafetensorsFile& file, const std::string& key);

}  // namespace prunenet
