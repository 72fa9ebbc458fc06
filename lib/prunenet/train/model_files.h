#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/core/matrix.h"
#include "prunenet/probe/probe.h"

namespace prunenet {

/// What a training needs to know of a model, and the seconds that it took to compute; a safetensors file each, so that
/// it is computed once for a training that is resumed, and for many of the same model.
struct SavedProbe {
  Probe probe;
  double seconds = 0.0;
};

struct SavedFeatures {
  std::vector<MatrixF> layers;  ///< I x F each
  double seconds = 0.0;
};

/// Nothing where there is no file. Throw Error(kMismatch) where its metadata has another key than `key`,
/// Error(kBadInput) where it is damaged, or not of `layers` layers with `neurons` neurons (and `features` features).
[[nodiscard]] std::optional<SavedProbe> load_probe(const std::filesystem::path& path, const std::string& key,
                                                   std::int64_t layers, std::int64_t neurons);
[[nodiscard]] std::optional<SavedFeatures> load_features(const std::filesystem::path& path, const std::string& key,
                                                         std::int64_t layers, std::int64_t neurons,
                                                         std::int64_t features);

/// Complete or absent. Throw Error(kOutOfSpace) or Error(kIo).
void save_probe(const std::filesystem::path& path, const std::string& key, const SavedProbe& saved);
void save_features(const std::filesystem::path& path, const std::string& key, const SavedFeatures& saved);

/// Throws Error(kMismatch) where the file's metadata has another key.
void check_key(const SafetensorsFile& file, const std::string& key);

}  // namespace prunenet
