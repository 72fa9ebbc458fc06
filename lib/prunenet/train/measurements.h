#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "prunenet/core/progress.h"
#include "prunenet/features/feature_group.h"
#include "prunenet/probe/probe_file.h"
#include "prunenet/train/model_files.h"
#include "prunenet/train/recipe.h"
#include "prunenet/train/session.h"
#include "prunenet/train/training_files.h"
#include "prunenet/train/training_model.h"

namespace prunenet {

/// The probe files that were given to a training, each of one of its models.
class GivenProbes {
 public:
  /// Throws Error(kMismatch) where a file is of none of the models, or two were made with different options.
  GivenProbes(const std::vector<std::filesystem::path>& paths, const std::vector<TrainingModel>& models);

  /// Null where none was given.
  [[nodiscard]] const ProbeFile* of(const TrainingModel& model) const;

  /// The recipe that the policy records: options of probes that were given stand for its section `probe`.
  [[nodiscard]] Recipe recipe_for(Recipe recipe) const;

  /// Seeds of the models' probes, one each: of those that were given, or the training's.
  [[nodiscard]] nlohmann::json seeds(const std::vector<TrainingModel>& models, const Recipe& recipe) const;

 private:
  std::vector<ProbeFile> files_;
};

/// What a training measures of its models: found among files, or made and kept there. All references must outlive it.
class Measurements {
 public:
  Measurements(const Recipe& recipe, const TrainingFiles& files, const GivenProbes& given,
               const TrainingDirectory& directory, const FeatureRegistry& features, Progress& progress)
      : recipe_(recipe),
        files_(files),
        given_(given),
        directory_(directory),
        features_(features),
        progress_(progress) {}

  /// index: of the model among the training's. Throws Error(kMismatch) for a file that was made of something else.
  [[nodiscard]] ProbeFile probe(const TrainingModel& model, std::size_t index) const;
  [[nodiscard]] SavedFeatures features(const TrainingModel& model, std::size_t index) const;

 private:
  [[nodiscard]] std::filesystem::path path_of(ModelFile file, std::size_t index, const std::string& key) const;

  const Recipe& recipe_;
  const TrainingFiles& files_;
  const GivenProbes& given_;
  const TrainingDirectory& directory_;
  const FeatureRegistry& features_;
  Progress& progress_;
};

/// Features of a model's neurons, from the weights alone: computed, or taken from `shared_directory`, where they are
/// kept for later under the names of their columns.
[[nodiscard]] SavedFeatures model_features(const TrainingModel& model, const std::filesystem::path& shared_directory,
                                           Progress& progress, const FeatureRegistry& features = built_in_features());

}  // namespace prunenet
